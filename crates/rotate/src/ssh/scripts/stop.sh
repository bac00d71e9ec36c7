# Stops the program and waits $within seconds for its end; kills it then if $kill is `yes`, and
# says so.
find_it
case $by in
systemd)
  words=$(systemctl stop --no-block "$unit" 2>&1) || problem "systemctl stop $unit: $words"
  ;;
pod) [ ! -e "$manifest" ] || mv -f -T -- "$manifest" "$(aside)" || problem "cannot move $manifest" ;;
commands)
  [ -n "$pid" ] || exit 0
  words=$(sh -c "$stop" 2>&1 </dev/null) || problem "the command '$stop' failed: $words"
  ;;
unknown) problem "nobody is known who stops $name; give its commands in the inventory" ;;
esac

# Waits for the end, $1 seconds at most.
ends_within() {
  end=$(($(date +%s) + $1))
  while lives; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

ends_within "$within" && exit 0
if [ "$kill" = yes ]; then
  kill -KILL "$pid" 2>/dev/null
  ends_within 10 && printf 'killed\n' && exit 0
  problem "$name (pid $pid) does not end, not even when killed"
fi
[ "$by" != pod ] || mv -f -T -- "$(aside)" "$manifest"
problem "$name (pid $pid) still runs $within s after it was told to stop"
