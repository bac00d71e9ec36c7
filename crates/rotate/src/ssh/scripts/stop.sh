# Stops the program and waits $within seconds for its end; kills it then if $kill is `yes`, and
# says so.
put_back() {
  [ -e "$manifest" ] || mv -T -- "$(aside "$manifest")" "$manifest"
}

find_it
case $by in
systemd)
  words=$(systemctl stop --no-block "$unit" 2>&1) || problem "systemctl stop $unit: $words"
  ;;
pod)
  # A kubelet that is down ends nothing, and would start nothing again.
  [ -n "$(by_name kubelet)" ] ||
    problem "kubelet does not run, so it would not start $name again; start it first (systemctl start kubelet)"
  # However this ends, the manifest goes back unless the pod has ended.
  trap put_back EXIT
  trap 'exit 1' HUP INT TERM
  [ ! -e "$manifest" ] || mv -f -T -- "$manifest" "$(aside "$manifest")" || problem "cannot move $manifest"
  settle "${manifest%/*}"
  ;;
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

# Its end was waited for, so the manifest waits for the start.
ended() {
  trap - EXIT
  exit 0
}

ends_within "$within" && ended
if [ "$kill" = yes ]; then
  kill -KILL "$pid" 2>/dev/null
  ends_within 10 && printf 'killed\n' && ended
  problem "$name (pid $pid) does not end, not even when killed"
fi
problem "$name (pid $pid) still runs $within s after it was told to stop"
