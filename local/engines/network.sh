#!/bin/sh
# The network of one job's hosts in the process engine. Run in new namespaces of mounts and networks, it
# makes a namespace of networks for each HOST, with an address of its own on a bridge that leads nowhere
# else, says "ready", and keeps them until its input ends:
#
#   network.sh HOST...
#
# A host's namespace is /run/netns/HOST, and /run/hosts has the names of all.
set -eu

mount -t tmpfs hosts /run
printf '%s\n' "127.0.0.1 localhost" "::1 localhost" >/run/hosts
ip link add bridge type bridge
ip link set bridge up
number=0
for host; do
  number=$((number + 1)) # SageMaker has at most 100 in a job
  ip netns add "$host"
  ip link add "to-$number" type veth peer name eth0 netns "$host"
  ip link set "to-$number" master bridge up
  ip -n "$host" address add "10.0.0.$number/24" dev eth0
  ip -n "$host" link set eth0 up
  printf '%s\n' "10.0.0.$number $host" >>/run/hosts
done
echo ready
exec cat
