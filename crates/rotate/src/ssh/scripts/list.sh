# The names in $folder.
newline='
'
for path in "$folder"/* "$folder"/.[!.]*; do
  case $path in *"$newline"*) continue ;; esac
  [ -e "$path" ] || [ -L "$path" ] || continue
  printf 'name %s\n' "${path##*/}"
done
