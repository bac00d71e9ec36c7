# The end of the program's log, wherever who runs it keeps that.
case $by in
systemd) lines=$(journalctl -u "$unit" -n 30 --no-pager -o cat 2>/dev/null) ;;
pod)
  log=$(ls -t /var/log/pods/*_"$container"-*/"$container"/*.log 2>/dev/null | head -n 1)
  # Runtimes put the time, the stream and a mark before each line.
  lines=$(tail -n 30 -- "$log" 2>/dev/null | sed 's/^[0-9T:.Z+-]* std[a-z]* [FP] //')
  ;;
commands) lines=$(tail -n 30 -- "$state/$name.log" 2>/dev/null) ;;
esac
printf 'words =%s\n' "$(encode "$lines")"
