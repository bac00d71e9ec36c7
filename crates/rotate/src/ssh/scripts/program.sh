# How the program is found and told to stop and start; $by says who runs it, $name is what the
# kernel calls it.

# Sets $pid to the running process, or to nothing.
find_it() {
  pid=
  case $by in
  systemd)
    pid=$(systemctl show -p MainPID "$unit" 2>/dev/null | sed -n 's/^MainPID=//p')
    [ "${pid:-0}" = 0 ] && pid= && return
    # A unit may run a script or a container's client, not the program.
    read -r main 2>/dev/null <"/proc/$pid/comm"
    [ "${main-}" = "$name" ] || find_in_unit ||
      find_own "$(systemctl show -p ExecStart "$unit" 2>/dev/null | sed 's/.*argv\[\]=//; s/ ; ignore_errors=.*//')"
    ;;
  pod)
    told=$manifest
    [ -e "$told" ] || told=$(aside "$manifest")
    find_own "$(cat -- "$told" 2>/dev/null)"
    ;;
  unknown) pid=$(by_name "$name") ;;
  commands)
    words=$(sh -c "$is_running" 2>/dev/null) || return
    pid=$(printf '%s' "$words" | sed -n '1s/^\([0-9][0-9]*\).*/\1/p')
    [ -n "$pid" ] || pid=$(by_name "$name")
    ;;
  esac
  lives || pid=
}

# Sets $pid to the process called $name in the control group of $unit.
find_in_unit() {
  for folder in /proc/[0-9]*; do
    read -r main 2>/dev/null <"$folder/comm" || continue
    [ "$main" = "$name" ] && [ -e "$folder/exe" ] || continue
    grep -q "/$unit\$" "$folder/cgroup" 2>/dev/null || continue
    pid=${folder#/proc/}
    return
  done
  return 1
}

# Sets $pid to the process called $name that was told the same of what no two of a kind can have
# in common as $1 tells, a manifest or a command line. An application may have one of its own.
find_own() {
  pid= found=
  wanted=$(printf '%s\n' "$1" | tr -s ' \t"\047[]' '\n' | sed 's/,$//; /^-$/d' | own | grep -v '\$')
  for folder in /proc/[0-9]*; do
    read -r main 2>/dev/null <"$folder/comm" || continue
    [ "$main" = "$name" ] && [ -e "$folder/exe" ] || continue
    told=$(tr '\0' '\n' 2>/dev/null <"$folder/cmdline" | own)
    for word in $wanted; do
      printf '%s\n' "$told" | grep -Fqx -- "$word" || continue 2
    done
    found="$found ${folder#/proc/}"
  done
  set -- $found
  [ $# -le 1 ] || problem "processes $* may each be the cluster's $name; say which with stop, start and isRunning in the inventory"
  pid=${1-}
}

# Of words, one a line, those that are one's own, as NAME=VALUE.
own() {
  sed -n -E -e '/^--?(data-dir|listen-client-urls|listen-peer-urls|secure-port|config-file)$/{N;s/\n/=/;}' \
    -e 's/^--?((data-dir|listen-client-urls|listen-peer-urls|secure-port|config-file)=)/\1/p'
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
