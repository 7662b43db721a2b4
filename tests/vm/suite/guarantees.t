# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# guarantees: what programs rely on besides reading, on files that share their pages and on files that do
# not. Through one mount it is done; the other mount must show it when they share, and must not when they
# do not. (Access methods, O_DIRECT, mincore, fincore, /proc/PID/maps: see sharing.t.)

if ! ours; then
	echo "ok - guarantees # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref/api-a
mnt $IMG/api-a.erofs $MNT/a domain_id=g || die "mount"
mnt $IMG/api-b.erofs $MNT/b domain_id=g || die "mount"
mnt $IMG/api-a.erofs $MNT/p || die "mount"
mnt $IMG/api-b.erofs $MNT/q domain_id=elsewhere || die "mount"

api()			# METHOD: through either of two sharing mounts, and on mounts that share nothing
{
	eistool api $1 $MNT/a/data $R/data --peer $MNT/b/data || return
	eistool api $1 $MNT/b/data $R/data --peer $MNT/a/data || return
	eistool api $1 $MNT/p/data $R/data --alone $MNT/a/data || return
	eistool api $1 $MNT/a/data $R/data --alone $MNT/q/data || return
}
t "readahead(2) fills the shared cache" api readahead
t "fadvise WILLNEED fills the shared cache" api willneed
t "fadvise DONTNEED empties it, of this file only" api dontneed
t "MAP_POPULATE and MADV_POPULATE_READ fill it" api populate
t "cachestat counts shared pages" api cachestat
t "O_DIRECT goes past the cache" api direct
t "io_uring reads, cold and warm" api uring
t "mlock holds the shared pages" api mlock
t "private writable mappings are private" api cow

# Every way to a file's bytes is served by what another mount has read: this one's disk is dead.
on_dead_disk()		# DOMAIN COMMAND...
{
	loop $IMG/api-b.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create dead $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/f
	_o=$(eistool mount -o ro,domain_id=$1 $FSTYPE $dm $MNT/f) || die "mount: $_o"
	shift
	for f in $(cd $MNT/f && find . -type f); do eistool open $MNT/f/$f >/dev/null; done
	eistool readall $MNT/b >/dev/null
	eistool dm reload dead $n error >/dev/null || return 1
	bad=0
	"$@" || bad=1
	eistool dm reload dead $n linear "$dev 0" >/dev/null
	eistool umount $MNT/f && eistool dm remove dead && loops_free
	return $bad
}
every_way()
{
	eistool verify $MNT/f --ref $DATA/ref/api-b --warm --skip direct || return 1
	eistool api uring-warm $MNT/f/data $R/data || return
	$MNT/f/prog selftest
}
t "every way of reading is served by another mount's pages" on_dead_disk g every_way
# (MAP_POPULATE of a file that cannot be read never ends in Linux, on any filesystem.)
no_way()
{
	for m in seq mmap splice sendfile readahead vector; do
		eistool verify $MNT/f --ref $DATA/ref/api-b --warm --methods $m >/dev/null && die "$m works"
	done
	return 0
}
t "in another domain none is" on_dead_disk other no_way

# The kernel's names for programs are the user's, their text is one.
run_pair() { eistool exec-pair "$@"; }
t "execve from two mounts: one text, own paths, own breakpoints" run_pair --shared $MNT/a/prog $MNT/b/prog
t "execve without sharing" run_pair --alone $MNT/a/prog $MNT/p/prog
noexec()
{
	mkdir -p $MNT/x
	expect ok eistool mount -o ro,noexec,domain_id=g $FSTYPE /dev/vdb $MNT/x
	mount --bind $MNT/a $MNT/x && mount -o remount,bind,noexec $MNT/x
	$MNT/x/prog selftest 2>/dev/null && die "a program runs from a noexec mount"
	$MNT/a/prog selftest || die "its neighbour does not run"
	umount $MNT/x && umount $MNT/x
}
t "noexec of one mount does not bind another" noexec

# A loop device reads with mapping->host in mind: size and pages are the shared ones.
loop_on()		# BUFFERED-OR-DIRECT
{
	eistool api cachestat $MNT/a/data $R/data --peer $MNT/b/data
	dev=$(losetup -f --show -r $1 $MNT/a/data) || die "losetup: $dev"
	[ $(($(blockdev --getsz $dev) * 512)) = $((1048576)) ] || die "the loop device has $(blockdev --getsz $dev) sectors"
	head -c 1048576 $R/data >$T/head
	cmp $dev $T/head || die "wrong bytes"
	r=$(eistool resident $MNT/b/data)
	losetup -d $dev
	case $1$r in
	--direct*) ;;
	*mincore=25[67]\ *) ;;
	*) die "a loop device on its peer was read, but $r" ;;
	esac
}
t "a loop device on a shared file" loop_on ""
t "a loop device on a shared file, direct" loop_on --direct-io=on
unmnt $MNT/a $MNT/b $MNT/p $MNT/q
