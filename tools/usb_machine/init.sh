#!/bin/busybox sh
# The first process of the machine inside: the files of the machine outside are its root, read-only,
# with what it writes in memory. /run/shared is a folder that both can write.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
for module in /modules/*; do
  $b insmod "$module" || echo "cannot load $module"
done
nine=trans=virtio,version=9p2000.L,msize=524288
$b mount -t 9p -o ro,cache=loose,$nine host /host
$b mount -t tmpfs over /over
$b mkdir /over/upper /over/work
$b mount -t overlay -o lowerdir=/host,upperdir=/over/upper,workdir=/over/work root /root
for folder in proc sys dev; do $b mount --bind /$folder /root/$folder; done
for folder in tmp run; do $b mount -t tmpfs $folder /root/$folder; done
$b mkdir -p /root/run/shared /root/dev/shm
$b mount -t tmpfs shm /root/dev/shm
$b mount -t 9p -o $nine shared /root/run/shared
$b ip link set lo up
$b chroot /root /bin/sh /run/shared/start.sh
$b poweroff -f
