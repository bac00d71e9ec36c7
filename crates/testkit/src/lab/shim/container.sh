# The container of a static pod, in mounts of its own: the machine's programs, and of its files
# only what the manifest mounts.
# $1: an empty folder; $2: the log; then pairs of a path on the machine and one inside, `--`, and
# the command
set -e
root=$1 log=$2
shift 2
mkfifo "$root.log"
# As containers' runtimes write it.
sed -u "s/^/$(date -u +%FT%T.%NZ) stderr F /" <"$root.log" >>"$log" &
exec >"$root.log" 2>&1 </dev/null
rm "$root.log"
mount -t tmpfs -o mode=755 container "$root"
for place in usr proc dev; do
  mkdir "$root/$place"
  mount --rbind "/$place" "$root/$place"
done
for place in bin sbin lib lib64; do
  [ ! -L "/$place" ] || cp -P "/$place" "$root/$place"
  [ -L "/$place" ] || [ ! -d "/$place" ] ||
    { mkdir "$root/$place" && mount --rbind "/$place" "$root/$place"; }
done
mkdir -m 1777 "$root/tmp"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then
    mkdir -p "$root$2"
  else
    mkdir -p "$root${2%/*}"
    : >"$root$2"
  fi
  mount --bind "$1" "$root$2"
  shift 2
done
shift
exec chroot "$root" "$@"
