# The first process of a machine of the lab, in namespaces of its own: lays what the machine may
# change over what the real one has, and stays.
# $1: a folder for it alone; $2: its name; $3: the lab's files; then programs, each with its path
set -e
own=$1 name=$2 files=$3
shift 3
mount --make-rprivate /
hostname "$name"
mount -t tmpfs -o mode=755 lab "$own"
for place in etc var/lib usr/local; do
  mkdir -p "$own/over/$place" "$own/spare/$place"
  chmod 755 "$own/over/$place"
  mount -t overlay -o "lowerdir=/$place,upperdir=$own/over/$place,workdir=$own/spare/$place" lab "/$place"
done
mount -t tmpfs -o mode=755 lab /run
mount -t tmpfs -o mode=755 lab /var/log
mkdir -p /run/sshd /usr/local/bin /usr/local/sbin /etc/systemd/system
mkdir -p -m 700 "$own/home"
rm -rf /etc/kubernetes /etc/rancher /var/lib/rancher /var/lib/etcd /var/lib/kubelet /var/lib/pki

cat >/etc/passwd <<END
root:x:0:0:root:$own/home:/bin/sh
sshd:x:990:65534::/run/sshd:/usr/sbin/nologin
etcd:x:991:991::/var/lib/etcd:/usr/sbin/nologin
END
printf 'root:x:0:\netcd:x:991:\nnogroup:x:65534:\n' >/etc/group
umask 077
printf 'root:*:19000:0:99999:7:::\n' >/etc/shadow
umask 022

cp "$files/systemctl" "$files/journalctl" /usr/local/sbin
chmod 755 /usr/local/sbin/systemctl /usr/local/sbin/journalctl
while [ $# -gt 0 ]; do
  : >"/usr/local/bin/$1"
  mount --bind "$2" "/usr/local/bin/$1"
  shift 2
done
: >/run/ready
while :; do sleep 3600 & wait $!; done
