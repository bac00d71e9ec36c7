# The certificates, and nothing but these, of files where people and other programs keep theirs:
# scrapers, backups, kubeconfigs. Folders that everybody's certificates are in are passed over, and
# so are hidden ones, but for .kube.
elsewhere() {
  timeout 10 find /etc /root /home /opt /srv -xdev -maxdepth 6 \
    \( -path /etc/ssl/certs -o -path /etc/pki/ca-trust -o -path '*/.*' ! -path '*/.kube' ! -path '*/.kube/*' \) -prune \
    -o -type f -size -64k \( -name '*.pem' -o -name '*.crt' -o -name '*.cert' -o -name '*.conf' -o -name '*kubeconfig*' -o -path '*/.kube/*' \) \
    -exec grep -ls -e '-----BEGIN CERTIFICATE' -e 'certificate-data:' -- {} + 2>/dev/null | head -n 100 |
    while read -r file; do
      printf 'elsewhere %s =%s\n' "$(encode "$file")" "$(sed -n \
        -e '/-----BEGIN CERTIFICATE/,/-----END CERTIFICATE/p' \
        -e '/certificate-data:/p' -e '/certificate-authority-data:/p' <"$file" | base64 -w0)"
    done
}
