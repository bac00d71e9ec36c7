# Ends the script with what went wrong, as the one thing that it says.
problem() {
  printf 'problem %s\n' "$(printf '%s' "$*" | tr '\n' ' ')"
  exit 0
}

# The reason at the end of what a failed command said.
said() {
  printf '%s' "$1" | tail -n 1 | sed 's/.*: //'
}

# Follows every link on the way to $1, directories too. Sets $target; says `link FROM TO` for
# each when $2 is given. Fails on a circle.
walk() {
  left=$1 target= turns=0
  while [ -n "$left" ]; do
    left=${left#/}
    first=${left%%/*}
    case $left in */*) left=${left#*/} ;; *) left= ;; esac
    case $first in '' | .) continue ;; ..) target=${target%/*}; continue ;; esac
    here=$target/$first
    if [ -L "$here" ]; then
      turns=$((turns + 1))
      [ "$turns" -gt 40 ] && return 1
      to=$(readlink -- "$here")
      [ -n "${2-}" ] && printf 'link %s %s\n' "$(encode "$here")" "$(encode "$to")"
      case $to in /*) target= ;; esac
      left=$to${left:+/$left}
    else
      target=$here
    fi
  done
  target=${target:-/}
}

encode() {
  printf '%s' "$1" | base64 -w0
}

# Makes a directory that only its owner may enter, with its parents.
private() {
  [ -d "$1" ] && return
  words=$(mkdir -p -- "$1" 2>&1) || problem "cannot make $1: $(said "$words")"
}

# The file system's own record of a file, on the disk. An old `sync` takes no name and writes all.
settle() {
  words=$(sync -- "$@" 2>&1) || problem "cannot write $* to the disk: $(said "$words")"
}

# Where a static pod's manifest $1 waits while its pod is to stay down: kubelets skip names with a
# dot in front.
aside() {
  printf '%s/.%s.stopped' "${1%/*}" "${1##*/}"
}
