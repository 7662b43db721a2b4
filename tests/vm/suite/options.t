# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# options: every mount option is taken, refused or shown as it should.

accepts()		# OPTIONS
{
	mnt $IMG/share-a.erofs $MNT/o "$1" || return 1
	eistool verify $MNT/o --ref $DATA/ref/share-a --methods seq,mmap || return 1
	unmnt $MNT/o
}
for o in user_xattr nouser_xattr acl noacl cache_strategy=disabled cache_strategy=readahead cache_strategy=readaround; do
	t "$o" accepts $o
done
ours_accepts() { ours_only; accepts "$1"; }
for o in domain_id=x inode_share,domain_id=x domain_id=x,noinode_share noinode_share directio nodirectio fsoffset=0 \
	"domain_id=a name with spaces: and = signs"; do
	t "$o" ours_accepts "$o"
done
refuses()		# OPTIONS LOG-REGEX
{
	ours_only
	log_mark
	_o=$(eistool mount -o "ro,$1" $FSTYPE $IMG/share-a.erofs $MNT/o) && { eistool umount $MNT/o; die "was taken"; }
	[ "$_o" = "!EINVAL" ] || die "$_o, not EINVAL"
	log_since >$T/log
	grep -aEq "$2" $T/log || { cat $T/log; die "no line of the kernel log says /$2/"; }
}
mkdir -p $MNT/o
t "no_such_option is refused" refuses no_such_option 'no_such_option'
t "cache_strategy=fast is refused" refuses cache_strategy=fast 'cache_strategy|fast'
t "inode_share without domain_id is refused" refuses inode_share 'share-a.erofs.*inode_share.*domain_id'
t "an empty domain_id is refused" refuses domain_id= 'domain_id'
t "fsoffset=100 is refused" refuses fsoffset=100 'share-a.erofs.*fsoffset.*100'
t "fsoffset=x is refused" refuses fsoffset=x 'fsoffset'

context_log()
{
	ours_only
	eistool mountfd $FSTYPE $IMG/share-a.erofs $MNT/o inode_share >$T/log && { eistool umount $MNT/o; die "was taken"; }
	cat $T/log
	grep -q '^!EINVAL' $T/log || die "not EINVAL"
	grep -Eq '^log: e .*share-a.erofs.*domain_id' $T/log || die "the context's log does not say why"
}
t "errors go to the context's log too" context_log
secret()
{
	ours_only
	log_mark
	mnt $IMG/share-a.erofs $MNT/o domain_id=SesameOpen,inode_share
	eistool readall $MNT/o >/dev/null
	_rc=0
	grep -r SesameOpen /proc/mounts /proc/self/mountinfo /proc/self/mountstats 2>/dev/null && _rc=1
	log_since | grep SesameOpen && _rc=1
	find /sys/fs /sys/module/erofs_ishare /sys/kernel/debug -maxdepth 4 -type f -path '*ishare*' 2>/dev/null |
		xargs -r grep -al SesameOpen 2>/dev/null && _rc=1
	# the error paths must not tell it either
	eistool mount -o ro,domain_id=SesameOpen,fsoffset=1 $FSTYPE $IMG/share-a.erofs $MNT/o >/dev/null
	eistool mountfd $FSTYPE $IMG/share-a.erofs $MNT/x domain_id=SesameOpen nonsense=1 | grep SesameOpen && _rc=1
	log_since | grep SesameOpen && _rc=1
	unmnt $MNT/o
	[ $_rc = 0 ] || die "the domain's name is readable"
}
t "the domain's name is nowhere to be read" secret
# What mount(8) says if nobody says "ro": the device is not opened for writing, and a second mount is the first one's.
rw_is_ro()
{
	ours_only
	loop $IMG/share-a.erofs
	mkdir -p $MNT/o $MNT/o2
	for d in o o2; do
		eistool mountfd $FSTYPE $dev $MNT/$d rw domain_id=rw >$T/log || { cat $T/log; die "mount at $d"; }
		grep " $MNT/$d " /proc/mounts | grep -q ' ro,' || die "/proc/mounts: $(grep " $MNT/$d " /proc/mounts)"
	done
	eistool umount $MNT/o2 && eistool umount $MNT/o && loops_free
}
t "rw is ro, twice on one device" rw_is_ro
# The right to mount is not the right to read.
not_for_you()
{
	ours_only
	admin() { setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=+sys_admin --ambient-caps=+sys_admin "$@"; }
	cp $IMG/share-none.erofs $T/image
	cp $IMG/share-none.sidecar $T/side
	chmod 644 $T/image $T/side
	expect ok admin eistool mount -o ro,domain_id=x,sidecar=$T/side $FSTYPE $T/image $MNT/o
	unmnt $MNT/o
	for f in image side; do
		chmod 600 $T/$f
		log_mark
		expect !EACCES admin eistool mount -o ro,domain_id=x,sidecar=$T/side $FSTYPE $T/image $MNT/o
		log_ours | grep "$T/$f.*permission" >/dev/null || { log_ours; die "no line says that $f may not be read"; }
		expect ok eistool mount -o ro,domain_id=x,sidecar=$T/side $FSTYPE $T/image $MNT/o
		unmnt $MNT/o
		chmod 644 $T/$f
	done
	rm $T/image $T/side
}
t "an image and a sidecar that one may not read" not_for_you
again()
{
	ours_only
	mnt $IMG/share-a.erofs $MNT/o domain_id=web,noinode_share
	mount -i -o remount,ro,noacl,domain_id=web,noinode_share $MNT/o || die "the same options are refused"
	unmnt $MNT/o
}
t "a remount repeats domain_id and noinode_share" again
shown()
{
	ours_only
	mnt $IMG/share-a-at-12288.bin $MNT/o fsoffset=12288,nodirectio,noacl,nouser_xattr,cache_strategy=disabled
	l=$(grep " $MNT/o " /proc/mounts)
	for o in fsoffset=12288 noacl nouser_xattr nodirectio; do
		case ",$(echo "$l" | cut -d' ' -f4)," in *,$o,*) ;; *) die "/proc/mounts does not show $o: $l" ;; esac
	done
	unmnt $MNT/o
	mnt $IMG/share-a.erofs $MNT/o domain_id=x
	l=$(grep " $MNT/o " /proc/mounts)
	unmnt $MNT/o
	case ",$(echo "$l" | cut -d' ' -f4)," in *,inode_share,*) ;; *) die "/proc/mounts does not show inode_share: $l" ;; esac
}
t "/proc/mounts shows the options" shown
dax()
{
	ours_only
	# no DAX device here: either refused with a reason, or mounted without
	log_mark
	_o=$(eistool mount -o ro,dax=always $FSTYPE $IMG/share-a.erofs $MNT/o)
	case $_o in
	ok)	eistool verify $MNT/o --ref $DATA/ref/share-a --methods seq,mmap || return 1
		unmnt $MNT/o ;;
	"!EINVAL"|"!EOPNOTSUPP") log_ours | grep -i dax || die "refused without a line about dax" ;;
	*)	die "$_o" ;;
	esac
	accepts dax=never
}
t "dax on what has no DAX" dax
