find_it
[ -z "$pid" ] || describe "$pid" "$name"
