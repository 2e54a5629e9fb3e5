# Ends edge and relay of `farhand start` when their parent was killed. Standard input is a pipe from the parent: lines of
# `signal:pid:start ...`, of which the last counts. At its end each process gets its signal, if it is still the same
# process (field 22 of /proc/PID/stat), and what is left after 5 s is killed. Builtins only, but for sleep.
trap '' INT TERM HUP
last=
while read -r line; do last=$line; done
is_same() {
  { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
  start=$2
  set -- ${stat##*) }
  [ "$1" != Z ] && [ "${20}" = "$start" ]
}
end() {
  left=
  for item in $last; do
    signal=${item%%:*}; rest=${item#*:}; pid=${rest%%:*}
    is_same "$pid" "${rest#*:}" || continue
    left=1
    kill "-${1:-$signal}" "$pid" 2>/dev/null
  done
}
end
n=0
while [ -n "$left" ] && [ $n -lt 25 ]; do sleep 0.2; end 0; n=$((n+1)); done
end 9
