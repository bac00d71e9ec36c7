# Puts $content (base64) where $path leads, with $mode, $owner, $label, and $time unless that is
# empty. The file is whole and has all of it before it gets its name.
walk "$path" || problem "$path: the links go round in a circle"
[ "$target" = "$path" ] || [ -e "$target" ] ||
  problem "$path is a link to $target, which is not there"
[ ! -e "$target" ] || [ -f "$target" ] || problem "$target is no regular file"
folder=${target%/*}
umask 077
private "${folder:-/}"

now=$(stat -c '%a %u:%g %.9Y' -- "$target" 2>/dev/null)
time_now=${now##* }
if [ "${now% *}" = "$mode $owner" ] && [ "${time:-$time_now}" = "$time_now" ] &&
  [ "$(sha256sum 2>/dev/null <"$target" | cut -d ' ' -f 1)" = "$digest" ]; then
  exit 0
fi

new=$folder/.${target##*/}.doorward
rm -f -- "$new"
words=$( (set -C; : >"$new") 2>&1) || problem "$folder: $(said "$words")"
trap 'rm -f -- "$new"' EXIT
# Access lists and the like, where the file has any.
[ -e "$target" ] && cp --attributes-only --preserve=xattr -- "$target" "$new" 2>/dev/null
words=$( (printf '%s' "$content" | base64 -d | cat >"$new") 2>&1) || problem "$folder: $(said "$words")"
words=$(chown "$owner" -- "$new" 2>&1) || problem "$target: $(said "$words")"
words=$(chmod "$mode" -- "$new" 2>&1) || problem "$target: $(said "$words")"
if [ -n "$label" ] && [ "$(stat -c %C -- "$new" 2>/dev/null)" != "$label" ]; then
  words=$(chcon -- "$label" "$new" 2>&1) || problem "$target: $(said "$words")"
fi
[ -z "$time" ] || touch -d "@$time" -- "$new" || problem "$target: its time cannot be set"
settle "$new"
[ "$(sha256sum <"$new" | cut -d ' ' -f 1)" = "$digest" ] ||
  problem "$folder: what was written does not read back the same (is the disk full?)"
words=$(mv -f -T -- "$new" "$target" 2>&1) || problem "$target: $(said "$words")"
# Of a manifest whose pod was told to stop, what waits aside is the old one.
rm -f -- "$(aside "$target")"
settle "${folder:-/}"
