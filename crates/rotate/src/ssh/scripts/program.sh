# How the program is found and told to stop and start; $by says who runs it, $name is what the
# kernel calls it.

# Sets $pid to the running process, or to nothing.
find_it() {
  pid=
  case $by in
  systemd)
    pid=$(systemctl show -p MainPID "$unit" 2>/dev/null | sed -n 's/^MainPID=//p')
    [ "${pid:-0}" = 0 ] && pid= && return
    # A unit may run a container's client, not the program.
    read -r main 2>/dev/null <"/proc/$pid/comm"
    [ "${main-}" = "$name" ] || pid=$(by_name "$name")
    ;;
  pod | unknown) pid=$(by_name "$name") ;;
  commands)
    words=$(sh -c "$is_running" 2>/dev/null) || return
    pid=$(printf '%s' "$words" | sed -n '1s/^\([0-9][0-9]*\).*/\1/p')
    [ -n "$pid" ] || pid=$(by_name "$name")
    ;;
  esac
  lives || pid=
}

# The first process that the kernel calls $1.
by_name() {
  for folder in /proc/[0-9]*; do
    read -r main 2>/dev/null <"$folder/comm" || continue
    # One that has ended and waits to be collected has no program any more.
    [ "$main" = "$1" ] && [ -e "$folder/exe" ] || continue
    printf '%s' "${folder#/proc/}"
    return
  done
}

# Whether process $pid still runs; one that waits to be collected does not.
lives() {
  [ -n "$pid" ] && state_now=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) &&
    case $state_now in Z* | X* | '') false ;; esac
}
