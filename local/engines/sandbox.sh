#!/bin/sh
# The inside of the process engine. Run by `unshare` as the first process of new namespaces, it makes a
# root directory of read-only views of this machine, enters it and becomes the command:
#
#   sandbox.sh SCRATCH ML APP HOSTNAME PYTHON_PREFIX PYTHON_BASE_PREFIX WORKDIR COMMAND...
#
# The Python environment at PYTHON_PREFIX is the image's, at /opt/venv. SCRATCH holds two empty
# directories, `root` and `tmp`, and `hosts` where the job's /etc/hosts is another than this machine's.
# Just before COMMAND starts, the process id as the caller sees it is written to SCRATCH/pid; an exit
# without that means that the sandbox failed.
set -eu
umask 022 # as in a container, whatever this user's is

scratch=$1 ml=$2 app=$3 hostname=$4 prefix=$5 base_prefix=$6 workdir=$7
shift 7
root=$scratch/root

show() { # the machine's directory or link $1, at the same place under the new root
  if [ -L "$1" ]; then
    cp -P "$1" "$root$1"
  elif [ -d "$1" ]; then
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
  fi
}

# This /proc is still the caller's, so it names this process as the caller does.
read -r pid _ </proc/self/stat

hostname "$hostname"
mount -t tmpfs -o mode=755 sandbox "$root"
mkdir -p "$root/app" "$root/proc" "$root/dev/shm" "$root/tmp" "$root/opt/ml" "$root/root" "$root/run" "$root/var/tmp"
chmod 1777 "$root/dev/shm" "$root/var/tmp"
mount --bind "$scratch/tmp" "$root/tmp" # before the next, which may lie below /tmp
for directory in /usr /etc /bin /sbin /lib*; do show "$directory"; done
for directory in "$prefix" "$base_prefix"; do
  case $directory in /usr | /usr/*) ;; *) show "$directory" ;; esac
done
if [ -e "$scratch/hosts" ]; then mount --bind "$scratch/hosts" "$root/etc/hosts"; fi
ln -s "$prefix" "$root/opt/venv"
mount --bind "$app" "$root/app"

# One by one, since a file system mounted somewhere below a directory keeps its own flags.
while read -r _ _ _ _ target _; do
  case $target in "$root/tmp") ;; "$root"/*) mount -o remount,bind,ro "$(printf '%b' "$target")" ;; esac
done </proc/self/mountinfo

# Read-only, since root could otherwise change the machine's own kernel by /proc/sys.
mount -t proc -o ro proc "$root/proc"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr "$root/dev/"
mount --bind "$ml" "$root/opt/ml"
mkdir -p "$root$workdir"

cd /
printf '%s\n' "$pid" >"$scratch/pid.new"
mv "$scratch/pid.new" "$scratch/pid"
# Without these capabilities root can neither undo the mounts nor leave the new root again.
kept=+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+setfcap
exec chroot "$root" env --chdir="$workdir" setpriv --bounding-set "-all,$kept" "$@"
