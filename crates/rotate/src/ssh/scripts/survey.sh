# Which of the programs run, the units that start them, and the kubelet's static pods.
# Nothing that could hold a key is read.
printf 'user %s\n' "$(id -u)"
units='etcd.service kubelet.service kube-apiserver.service kube-controller-manager.service
kube-scheduler.service cloud-controller-manager.service k3s.service rke2-server.service'
folders='/etc/kubernetes/manifests /var/lib/rancher/rke2/agent/pod-manifests'

for folder in /proc/[0-9]*; do
  read -r name 2>/dev/null <"$folder/comm" || continue
  # The kernel keeps fifteen letters of a name.
  case $name in
  etcd | kube-apiserver | kube-controller | kube-scheduler | cloud-controlle) ;;
  # Never pods: one with process numbers of its own is of a machine inside this one, kind's or k3d's.
  kubelet | k3s-server | rke2) [ "$(readlink "$folder/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || continue ;;
  *) continue ;;
  esac
  describe "${folder#/proc/}" "$name"
  [ "$contained" = no ] || printf 'mounts %s =%s\n' "${folder#/proc/}" "$(base64 -w0 2>/dev/null <"$folder/mountinfo")"
  unit=$(sed -n 's|.*/\([^/]*\.service\)$|\1|p' "$folder/cgroup" 2>/dev/null | head -n 1)
  units="$units $unit"
  [ "$name" = kubelet ] || continue
  folders="$folders $(arguments "$folder" | sed -n 's/^--pod-manifest-path=//p')"
  config=$(arguments "$folder" | sed -n 's/^--config=//p')
  folders="$folders $(static_pods "$config")"
done

folders="$folders $(static_pods /var/lib/kubelet/config.yaml)"

if command -v systemctl >/dev/null; then
  for unit in $(printf '%s\n' $units | sort -u); do
    shown=$(systemctl show "$unit" -p "$properties" 2>/dev/null) || continue
    case $shown in *LoadState=not-found* | '') continue ;; esac
    printf 'unit %s %s\n' "$unit" "$(encode "$shown")"
  done
fi

for folder in $(printf '%s\n' $folders | sort -u); do
  for file in "$folder"/*.yaml "$folder"/*.yml "$folder"/*.json; do
    [ -f "$file" ] || continue
    printf 'manifest %s %s\n' "$(encode "$file")" "$(base64 -w0 <"$file")"
  done
  # Those whose pods were told to stop.
  for file in "$folder"/.*.stopped; do
    place=${file##*/.}
    place=$folder/${place%.stopped}
    [ -f "$file" ] && [ ! -e "$place" ] || continue
    printf 'manifest %s %s\n' "$(encode "$place")" "$(base64 -w0 <"$file")"
  done
done

printf 'mounts self =%s\n' "$(base64 -w0 </proc/self/mountinfo)"
[ -r /sys/fs/selinux/enforce ] && printf 'enforcing %s\n' "$(cat /sys/fs/selinux/enforce)"
kept=$(timedatectl show -p NTPSynchronized --value 2>/dev/null)
[ -z "$kept" ] || printf 'kept %s\n' "$kept"
elsewhere
