# The host's clock and the time since it started, both at this moment.
printf 'clock %s %s\n' "$(date +%s.%N)" "$(cut -d ' ' -f 1 /proc/uptime)"

# One a line: a process' arguments.
arguments() {
  tr '\0' '\n' 2>/dev/null <"$1/cmdline"
}

# What a kubelet's configuration names as the folder of its static pods.
static_pods() {
  [ -f "$1" ] && sed -n 's/^staticPodPath: *"\{0,1\}\([^" ]*\)"\{0,1\} *$/\1/p' "$1"
}

# Says all of process $1, called $2. One that ends meanwhile is left out.
describe() {
  there=/proc/$1
  line=$(base64 -w0 2>/dev/null <"$there/cmdline")
  # A kernel thread, or one that has ended and waits to be collected.
  [ -n "$line" ] || return 0
  environment=$(tr '\0' '\n' 2>/dev/null <"$there/environ" | sed -n '/^ETCD_/p' | base64 -w0)
  folder=$(readlink "$there/cwd")
  uid=$(sed -n 's/^Uid:[^0-9]*[0-9]*[^0-9]*\([0-9]*\).*/\1/p' "$there/status" 2>/dev/null)
  gid=$(sed -n 's/^Gid:[^0-9]*[0-9]*[^0-9]*\([0-9]*\).*/\1/p' "$there/status" 2>/dev/null)
  # The name in brackets may hold blanks; behind it the twentieth field is the start.
  ticks=$(sed 's/.*) //' "$there/stat" 2>/dev/null | cut -d ' ' -f 20)
  contained=no
  root=$(stat -L -c %d:%i "$there/root" 2>/dev/null)
  [ -z "$root" ] || [ "$root" = "$(stat -L -c %d:%i /)" ] || contained=yes
  group=$(sed -n -e 's/^1:name=systemd://p' -e 's/^0:://p' "$there/cgroup" 2>/dev/null | tail -n 1)
  [ -n "$ticks" ] || return 0
  printf 'process %s %s %s %s %s %s =%s =%s =%s =%s\n' "$1" "$2" "$uid" "$gid" "$ticks" "$contained" \
    "$line" "$environment" "$(encode "$folder")" "$(encode "$group")"
}
