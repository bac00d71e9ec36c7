# Adds $line, unless a call that was cut off has added it already.
umask 077
private "${path%/*}"
[ "$(tail -n 1 -- "$path" 2>/dev/null)" = "$line" ] && exit 0
# A line that was cut off must not swallow this one.
[ -z "$(tail -c 1 -- "$path" 2>/dev/null)" ] || line="
$line"
words=$( (printf '%s\n' "$line" >>"$path") 2>&1) || problem "$path: $(said "$words")"
settle "$path" "${path%/*}"
