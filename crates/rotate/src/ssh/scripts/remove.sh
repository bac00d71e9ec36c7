# Takes away a file, or a folder that is empty.
[ -e "$path" ] || [ -L "$path" ] || exit 0
if [ -d "$path" ] && [ ! -L "$path" ]; then
  words=$(rmdir -- "$path" 2>&1) || problem "$path: $(said "$words")"
else
  words=$(rm -f -- "$path" 2>&1) || problem "$path: $(said "$words")"
fi
settle "${path%/*}/"
