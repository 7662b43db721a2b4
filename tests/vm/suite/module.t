# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# module: loading by alias, refusing to go while in use, leaving nothing behind.

if ! ours; then
	echo "ok - module # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
KO=$(modinfo -n $MODULE)
info()
{
	for a in "alias fs-erofs-ishare" "license GPL" ; do
		modinfo -F ${a%% *} $MODULE | grep -q "${a#* }" || die "modinfo: no $a"
	done
	[ -n "$(modinfo -F description $MODULE)" ] || die "no description"
}
t "modinfo" info
t "unloads when nothing is mounted" unload_module
alias_loads()
{
	eistool module unload $MODULE
	module_loaded && die "still loaded"
	mkdir -p $MNT/m
	mount -t erofs-ishare $IMG/share-a.erofs $MNT/m || die "mount(8) failed"
	module_loaded || die "mounted, but the module is not loaded?"
	eistool verify $MNT/m --ref $DATA/ref/share-a --methods seq || return 1
	umount $MNT/m
}
t "mount(8) alone loads it" alias_loads
in_use()
{
	mnt $IMG/share-a.erofs $MNT/m domain_id=u
	_o=$(eistool module unload $MODULE) && die "unloaded while mounted"
	[ "$_o" = "!EAGAIN" ] || die "unload while mounted: $_o"
	eistool hold $MNT/m/common/big --mmap </dev/zero >$T/hold 2>&1 &
	pid=$!
	while ! grep -q ready $T/hold; do sleep 0.1; done
	eistool umount -l $MNT/m
	_o=$(eistool module unload $MODULE) && die "unloaded while a file is mapped"
	kill $pid
	wait $pid
	sleep 0.3
	eistool module unload $MODULE || die "does not unload after the mapping is gone"
	modprobe $MODULE
}
t "does not unload while in use" in_use
twice()
{
	_o=$(eistool module load $KO) && die "loaded twice"
	[ "$_o" = "!EEXIST" ] || die "second load: $_o"
}
t "a second load is EEXIST" twice
slab() { awk '/^(Slab|Percpu|VmallocUsed|KernelStack):/ {n += $2} END {print n}' /proc/meminfo; }
cycle()
{
	eistool module unload $MODULE
	eistool module cycle $KO $MODULE 10 || return 1
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	s0=$(slab)
	eistool module cycle $KO $MODULE 100 || return 1
	echo 3 >/proc/sys/vm/drop_caches
	sleep 0.5
	s1=$(slab)
	note "kernel memory: $s0 kB before, $s1 kB after 100 times"
	[ $((s1 - s0)) -le 1500 ] || die "$((s1 - s0)) kB of kernel memory are gone after 100 loads"
	grep -a 'eis_\|erofs_ishare' /proc/slabinfo && die "slabs left behind"
	grep -q erofs-ishare /proc/filesystems && die "the type is still registered"
	ls /sys/fs 2>/dev/null | grep ishare && die "/sys/fs still has it"
	grep -w 'eis[_-]' /proc/workqueue 2>/dev/null && die "a workqueue is left"
	modprobe $MODULE
}
t "100 times load and unload leave nothing" cycle
cycle_mounted()
{
	mkdir -p $MNT/m
	for i in 1 2 3 4 5 6 7 8; do
		eistool module unload $MODULE >/dev/null
		mnt $IMG/share-a.erofs $MNT/m domain_id=c || return 1
		eistool readall $MNT/m >/dev/null
		unmnt $MNT/m
	done
}
t "load, mount, read, unmount, unload, again" cycle_mounted
