# The names in each folder named.
newline='
'
for folder in "$@"; do
  printf 'folder\n'
  for path in "$folder"/* "$folder"/.[!.]*; do
    case $path in *"$newline"*) continue ;; esac
    [ -e "$path" ] || [ -L "$path" ] || continue
    printf 'name %s\n' "${path##*/}"
  done
done
