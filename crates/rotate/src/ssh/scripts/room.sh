# What is free where $path is, or will be.
while [ ! -e "$path" ]; do path=${path%/*}; path=${path:-/}; done
printf 'room %s\n' "$(stat -f -c '%a %S %d %c' -- "$path")"
