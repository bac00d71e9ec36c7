# The end of the program's log, wherever who runs it keeps that. It may end with a long trace.
case $by in
# Not -u: then systemd's own words about the unit would be the last.
systemd) lines=$(journalctl _SYSTEMD_UNIT="$unit" -n 100 --no-pager -o cat 2>/dev/null) ;;
pod)
  log=$(ls -t /var/log/pods/*_"$container"-*/"$container"/*.log 2>/dev/null | head -n 1)
  # Runtimes put the time, the stream and a mark before each line.
  lines=$(tail -n 100 -- "$log" 2>/dev/null | sed 's/^[0-9T:.Z+-]* std[a-z]* [FP] //')
  ;;
commands) lines=$(tail -n 100 -- "$state/$name.log" 2>/dev/null) ;;
esac
printf 'words =%s\n' "$(encode "$lines")"
