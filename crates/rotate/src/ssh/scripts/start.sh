# Has the program started. Whether it stays up is not asked here.
case $by in
systemd)
  systemctl reset-failed "$unit" >/dev/null 2>&1
  words=$(systemctl start --no-block "$unit" 2>&1) || problem "systemctl start $unit: $words"
  ;;
pod)
  if [ -e "$manifest" ]; then
    rm -f -- "$(aside "$manifest")"
  else
    mv -T -- "$(aside "$manifest")" "$manifest" 2>/dev/null || problem "$manifest is not there"
  fi
  settle "${manifest%/*}"
  ;;
commands)
  find_it
  [ -z "$pid" ] || exit 0
  sh -c "$start" >>"$state/$name.log" 2>&1 </dev/null &
  child=$!
  # A command that leaves its program behind ends soon; one that is the program does not.
  turns=0
  while kill -0 "$child" 2>/dev/null && [ "$turns" -lt 20 ]; do
    turns=$((turns + 1))
    sleep 0.05
  done
  kill -0 "$child" 2>/dev/null || wait "$child" ||
    problem "the command '$start' failed: $(tail -n 1 "$state/$name.log")"
  ;;
unknown) problem "nobody is known who starts $name; give its commands in the inventory" ;;
esac
