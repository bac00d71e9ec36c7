# Whether $uid:$gid may read each file named, by the kernel's word.
for path in "$@"; do
  if [ "$(id -u)" = "$uid" ]; then
    answer=$(test -r "$path" && printf yes)
  else
    answer=$(chroot --userspec="$uid:$gid" / test -r "$path" 2>&1 && printf yes)
  fi
  case $answer in
  yes) printf 'yes\n' ;;
  '') printf 'no\n' ;;
  *) problem "cannot act as user $uid: $(said "$answer")" ;;
  esac
done
