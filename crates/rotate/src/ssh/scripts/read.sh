# Each file named: the links on the way to it, what it is like, what it holds.
for path in "$@"; do
  printf 'file\n'
  if ! walk "$path" tell; then
    printf 'unread the links go round in a circle\n'
    continue
  fi
  printf 'target %s\n' "$(encode "$target")"
  # A manifest whose pod was told to stop.
  [ -e "$target" ] || [ ! -f "$(aside "$target")" ] || target=$(aside "$target")
  if [ ! -e "$target" ]; then
    [ "$target" = "$path" ] && printf 'unread no such file\n'
    [ "$target" = "$path" ] || printf 'unread the link leads to %s, which is not there\n' "$target"
    continue
  fi
  fixed=
  flags=$(lsattr -d -- "$target" 2>/dev/null | cut -d ' ' -f 1)
  case $flags in *i*) fixed='it is immutable (chattr +i)' ;; *a*) fixed='it is append-only (chattr +a)' ;; esac
  [ -n "$fixed" ] || [ -w "${target%/*}/" ] || fixed='its file system is read-only, or its folder may not be written'
  label=$(stat -c %C -- "$target" 2>/dev/null)
  printf 'like %s =%s =%s\n' "$(stat -c '%a %u %g %.9Y %h' -- "$target")" "$(encode "${label#\?}")" "$(encode "$fixed")"
  if [ ! -f "$target" ]; then
    printf 'unread it is a %s\n' "$(stat -c %F -- "$target")"
  elif [ "$(stat -c %s -- "$target")" -gt 1048576 ]; then
    printf 'unread it is larger than 1 MiB\n'
  elif held=$(base64 -w0 2>/dev/null <"$target"); then
    printf 'holds =%s\n' "$held"
  else
    printf 'unread permission denied\n'
  fi
done
