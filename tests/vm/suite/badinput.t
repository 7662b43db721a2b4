# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# badinput: what is no good image, or is asked for wrongly, is refused with its errno and one clear line
# in the kernel log; damage inside an image hurts the damaged object only; nothing is leaked.

if ! ours; then
	echo "ok - badinput # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
X=$T/bad.erofs
M=$MNT/m
mkdir -p $M
fresh() { cp $IMG/$1.erofs $X; }

# The mount of $X must fail with an errno of ERRNO ("EIO|EUCLEAN") and say LOG in one line of ours.
refused()		# ERRNO LOG [OPTIONS] [SOURCE]
{
	_src=${4:-$X}
	log_mark
	_o=$(eistool mount -o "ro${3:+,$3}" $FSTYPE "$_src" $M) && { eistool umount $M; die "was mounted"; }
	log_since >$T/log
	echo "$_o" | grep -Eqx "!($1)" || { cat $T/log; die "$_o, should be $1"; }
	grep -a 'erofs-ishare' $T/log >$T/lines || { cat $T/log; die "no line in the kernel log"; }
	[ "$(wc -l <$T/lines)" -le 2 ] || { cat $T/lines; die "$(wc -l <$T/lines) lines in the kernel log"; }
	grep -aF "$_src" $T/lines >$T/named || { cat $T/lines; die "no line names the image"; }
	grep -aEiq "$2" $T/named || { cat $T/lines; die "no line says /$2/"; }
}
bad()			# NAME IMAGE ERRNO LOG COMMAND...   (the command damages $X)
{
	_n=$1 _i=$2 _e=$3 _l=$4
	shift 4
	_cmd=$*
	one_bad()
	{
		fresh $_i
		eval "$_cmd" || die "could not make the damage: $_cmd"
		refused "$_e" "$_l"
	}
	t "$_n" one_bad
}
sb() { eistool sb $X "$@"; }

# --- not an image, or cut off -------------------------------------------------------------
bad "all zeros" bad EINVAL 'not an? erofs|magic' 'head -c 65536 /dev/zero >$X'
bad "an ext4 filesystem" bad EINVAL 'not an? erofs|magic' 'head -c 1048576 /dev/vda >$X'
bad "text" bad EINVAL 'not an? erofs|magic|too short|end' 'head -c 5000 /proc/kallsyms >$X'
bad "an empty file" bad 'EINVAL|EIO' '.' ': >$X'
for n in 1 512 1023 1024 1025 1100 1151; do
	bad "cut off after $n bytes" bad 'EIO|EINVAL' '.' "truncate -s $n \$X"
done
bad "cut off within the checksummed block" bad 'EIO|EBADMSG|EINVAL' '.' 'truncate -s 2048 $X'
bad "cut off after the first block" bad-inline 'EIO|EUCLEAN|EINVAL' '.' 'truncate -s 1536 $X && truncate -s 4096 $X && eistool sb $X meta_blkaddr=1'

# --- the superblock -----------------------------------------------------------------------
bad "bad checksum" bad EBADMSG 'checksum' 'eistool poke $X 1060 ff'
bad "unknown incompatible bit 0x400" bad EINVAL '0x0*400' 'sb "feature_incompat|=0x400"'
bad "unknown incompatible bits 0xc0000000" bad EINVAL '0xc0000000' 'sb "feature_incompat|=0xc0000000"'
bad "block size 2^8" bad EINVAL 'block size|blkszbits' 'sb blkszbits=8'
bad "block size 2^13" bad EINVAL 'block size|blkszbits' 'sb blkszbits=13'
bad "block size 2^255" bad EINVAL 'block size|blkszbits' 'eistool poke $X 1036 ff'
bad "directory blocks of another size" bad EINVAL 'directory block|dirblkbits' 'sb dirblkbits=1'
bad "superblock larger than a page" bad EINVAL 'superblock|extslots' 'sb sb_extslots=255'
bad "metabox without its slot" bad EUCLEAN 'metabox|metadata' 'sb "feature_incompat|=0x100"'
bad "fingerprint prefix out of range" bad-digest EUCLEAN 'prefix' 'sb ishare_xattr_prefix_id=7'
bad "xattr prefixes beyond the image" bad-prefix 'EUCLEAN|EIO' 'prefix' 'sb xattr_prefix_start=0x3fffffff'
bad "255 xattr prefixes" bad-prefix 'EUCLEAN|EIO' 'prefix' 'sb xattr_prefix_count=255'
bad "root is a file" bad EINVAL 'root' 'eval "$(eistool img $X /good)"; sb rb=$nid'
bad "root beyond the image" bad 'EIO|EUCLEAN' 'root|inode|nid' 'sb rb=0xffff'
bad "inodes beyond the image" bad 'EIO|EUCLEAN' 'root|inode|nid' 'sb meta_blkaddr=0xfffffff0'
bad "root of unknown layout" bad EOPNOTSUPP 'root|inode|layout|format' 'eval "$(eistool img $X /)"; eistool poke $X $inode 0f; eistool sbfix $X'
bad "root with reserved format bits" bad EOPNOTSUPP 'root|inode|format' 'eval "$(eistool img $X /)"; eistool poke $X $((inode + 1)) 80; eistool sbfix $X'

# --- compressed images -----------------------------------------------------------------------
bad "unknown algorithm 4" bad EOPNOTSUPP 'algorithm' 'sb "feature_incompat|=2" u1=0x10'

# --- options, sources, devices -----------------------------------------------------------
fresh bad
t "inode_share without domain_id" refused EINVAL 'inode_share.*domain_id' inode_share
unaligned()
{
	{ head -c 512 /dev/zero; cat $IMG/bad.erofs; } >$X
	refused EINVAL 'fsoffset' fsoffset=512
	fresh bad
	refused EINVAL 'fsoffset' fsoffset=7
}
t "unaligned fsoffset" unaligned
t "fsoffset beyond the image" refused 'EINVAL|EIO' 'fsoffset|read|magic|short' fsoffset=1073741824
t "no such image" refused ENOENT '.' '' /not/there.erofs
t "a directory as image" refused 'ENOTBLK|EISDIR|EINVAL' '.' '' $T
t "a character device as image" refused ENOTBLK '.' '' /dev/zero
mkfifo $T/fifo
fifo()
{
	( refused ENOTBLK '.' '' $T/fifo ) >$T/fifo.out 2>&1 &
	pid=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 $pid 2>/dev/null || break
		sleep 1
	done
	if kill -0 $pid 2>/dev/null; then
		: >$T/fifo	# a writer lets it go on
		wait $pid
		die "mount(2) waits for a writer of the fifo"
	fi
	wait $pid || { cat $T/fifo.out; return 1; }
}
t "a fifo as image" fifo
no_device()
{
	fresh bad-blob
	refused ENOENT '/no/such/device' device=/no/such/device
}
t "an absent device" no_device
too_many()
{
	fresh bad-blob
	refused EINVAL 'device' device=$IMG/bad-blob.dev,device=$IMG/bad-blob.dev
	fresh bad
	refused EINVAL 'device' device=$IMG/bad-blob.dev
}
t "too many devices" too_many
too_few()
{
	cp $IMG/sid.merge.erofs $X
	refused EINVAL 'device' device=$IMG/sid.merge1.dev
}
t "too few devices" too_few
device_table()
{
	fresh bad-blob
	sb devt_slotoff=0xffff
	refused 'EIO|EUCLEAN|EINVAL' 'device' device=$IMG/bad-blob.dev
	fresh bad-blob
	sb extra_devices=0xffff
	refused 'EIO|EUCLEAN|EINVAL' 'device' device=$IMG/bad-blob.dev
}
t "a device table beyond the image" device_table
# What says that no device has an address says whose it is.
no_such_address()
{
	fresh bad-blob
	eval "$(eistool img $X /blocks)"
	# the block of the first chunk
	eistool poke $X $(((tail + 7) / 8 * 8 + 4)) f0ffffff
	eistool sbfix $X
	expect ok eistool mount -o ro,device=$IMG/bad-blob.dev $FSTYPE $X $M
	for how in "EIO" "EUCLEAN --direct"; do
		set -- $how
		log_mark
		expect "!$1 at read" eistool open $M/blocks ${2:-} --read 0 4096
		log_ours >$T/log
		grep -aq "nid $nid .*DEV_" $T/log || { cat $T/log; die "no line names nid $nid and the check"; }
	done
	eistool umount $M
}
t "an address on no device" no_such_address

nested()
{
	mnt $IMG/nest.erofs $MNT/n
	refused ENOTBLK 'loop|nest|lies on|filesystem' '' $MNT/n/inner.erofs
	unmnt $MNT/n
	loop $IMG/nest.erofs
	outer=$loops
	mkdir -p $MNT/n
	expect ok eistool mount -o ro $FSTYPE $dev $MNT/n
	refused ENOTBLK 'loop|nest|lies on|filesystem' '' $MNT/n/inner.erofs
	# by a loop device it can be done
	loop $MNT/n/inner.erofs
	expect ok eistool mount -o ro $FSTYPE $dev $M
	same_manifest $M $DATA/man/bad || return 1
	eistool umount $M
	eistool loop -d $dev
	loops=$outer
	unmnt $MNT/n
}
t "an image in an image" nested
on_overlay()
{
	mkdir -p $T/ovl/up $T/ovl/work $T/ovl/low $MNT/o
	cp $IMG/bad.erofs $T/ovl/low/
	mount -t overlay -o lowerdir=$T/ovl/low,upperdir=$T/ovl/up,workdir=$T/ovl/work overlay $MNT/o || missing "overlayfs over tmpfs"
	refused ENOTBLK 'loop|stack|overlay|lies on|filesystem' '' $MNT/o/bad.erofs
	umount $MNT/o
}
t "an image on overlayfs" on_overlay
on_intree_file()
{
	modprobe erofs 2>/dev/null
	mkdir -p $MNT/n
	_o=$(eistool mount -o ro erofs $IMG/nest.erofs $MNT/n) || missing "this in-tree driver cannot mount files: $_o"
	refused ENOTBLK 'loop|stack|erofs|lies on|filesystem' '' $MNT/n/inner.erofs
	umount $MNT/n
}
t "an image on a file-backed erofs" on_intree_file
on_intree_disk()
{
	modprobe erofs 2>/dev/null
	loop $IMG/nest.erofs
	mkdir -p $MNT/n
	_o=$(eistool mount -o ro erofs $dev $MNT/n) || missing "in-tree erofs: $_o"
	mnt $MNT/n/inner.erofs $M
	same_manifest $M $DATA/man/bad || return 1
	eistool umount $M
	unmnt $MNT/n
}
t "an image on an erofs that has a block device is fine" on_intree_disk

# --- damage inside -----------------------------------------------------------------------
# inside NAME COMMAND-THAT-DAMAGES CHECK-FUNCTION: mounts, checks, and the rest of the image is fine
others_fine()
{
	cmp $M/good $T/good || die "an undamaged file is not readable any more"
	expect dir/file readlink $M/link
}
yes good 2>/dev/null | head -n 2000 >$T/good
inside()
{
	_n=$1 _cmd=$2 _chk=$3
	one_inside()
	{
		fresh ${4:-bad}
		eval "$_cmd" || die "could not make the damage"
		# what was damaged may lie in the first block
		eistool sbfix $X
		expect ok eistool mount -o ro,domain_id=bad $FSTYPE $X $M
		$_chk || return 1
		others_fine
		echo 3 >/proc/sys/vm/drop_caches
		others_fine
		eistool umount $M || die "umount failed"
	}
	t "$_n" one_inside
}
of() { eval "$(eistool img $X $1)"; }

data_gone() { expect "!EIO at read" eistool open $M/blocks --read 0 4096; expect "!EIO at read" eistool open $M/blocks --direct --read 0 4096; }
inside "a file's blocks beyond the image" 'of /blocks; eistool poke $X $((inode + 16)) 00ffff7f' data_gone
size_lies()
{
	eistool open $M/blocks --read 0 4096 || return 1
	expect "!EIO at read" eistool open $M/blocks --read 1099511623680 4096
	expect "!EIO at read" eistool open $M/blocks --direct --read 1099511623680 4096
	expect 1099511627776 stat -c %s $M/blocks
}
inside "a file's size beyond the image" 'of /blocks; [ $isize = 64 ] && eistool poke $X $((inode + 8)) 0000000000010000' size_lies
stat_fails()		# ERRNO-TEXT
{
	_g=$(stat $M/blocks 2>&1) && die "stat succeeds"
	case $_g in *"$1"*) ;; *) die "$_g, should be '$1'" ;; esac
}
unclean() { stat_fails "needs cleaning"; }
notsupp() { stat_fails "not supported"; }
inside "a size with bit 63" 'of /blocks; eistool poke $X $((inode + 15)) 80' unclean
inside "an inode of no type" 'of /blocks; eistool poke $X $((inode + 4)) 0000' unclean
inside "an inode of unknown layout" 'of /blocks; eistool poke $X $inode 0f' notsupp
inside "an inode with reserved format bits" 'of /blocks; eistool poke $X $((inode + 1)) 10' notsupp
gone_inode() { _g=$(stat $M/blocks 2>&1) && die "stat succeeds"; echo "$_g"; }
inside "an entry that leads beyond the image" 'of /blocks; eistool poke $X $dirent ffffffffffffff0f' gone_inode
inside "an entry that leads to metabox without one" 'of /blocks; eistool poke $X $((dirent + 7)) 80' gone_inode

cycle()
{
	_g=$(ls $M/dir/sub/ 2>&1) && die "the cycle can be walked: $_g"
	echo "$_g"
	case $_g in *"symbolic links"*|*loop*|*cleaning*|*Stale*) ;; *) die "ls: $_g" ;; esac
	# whoever walks the tree comes to an end
	find $M >$T/found 2>&1
	[ "$(wc -l <$T/found)" -lt 100 ] || die "find does not end soon: $(wc -l <$T/found) lines"
}
inside "a directory that holds its parent" 'of /dir; d=$nid; of /dir/sub; eistool poke $X $dirent $(printf "%016x" $d | sed "s/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/")' cycle
inside "a directory that holds the root" 'of /; d=$nid; of /dir/sub; eistool poke $X $dirent $(printf "%016x" $d | sed "s/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/")' cycle
# It can be reached by both names, but has one place in the tree at a time: where it was looked up last.
twice_dir()
{
	exec 8<$M/dir/sub
	for d in attr dir/sub attr; do
		expect leaf ls $M/$d
		expect leaf cat $M/$d/leaf
		expect $M/$d readlink /proc/self/fd/8
	done
	exec 8<&-
	timeout 20 find $M >$T/found || die "find fails, or does not end"
	expect 2 grep -c '/leaf$' $T/found
}
inside "one directory in two places" 'of /dir/sub; d=$nid; of /attr; eistool poke $X $dirent $(printf "%016x" $d | sed "s/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/")' twice_dir
bad_list()
{
	# busybox's ls does not look at readdir's errno
	_g=$(eistool manifest $M/dir 2>&1) && die "the directory can be listed: $_g"
	case $_g in *"readdir: EUCLEAN"*) ;; *) die "$_g, should be EUCLEAN" ;; esac
}
bad_dir()
{
	bad_list
	_g=$(stat $M/dir/file 2>&1) && die "lookup in it works"
	return 0
}
inside "name offset 0" 'of /dir; eistool poke $X $((data + 8)) 0000' bad_dir
inside "name offset 65535" 'of /dir; eistool poke $X $((data + 8)) ffff' bad_dir
inside "name offset no multiple of 12" 'of /dir; eistool poke $X $((data + 8)) 0d00' bad_dir
# What comes before it is listed once, then there is an error; not the same names for ever.
bad_end()
{
	_g=$(timeout 20 eistool manifest $M/dir 2>&1) && die "the directory can be listed: $_g"
	case $_g in *"readdir: EUCLEAN"*) ;; *) die "'$_g', should be EUCLEAN" ;; esac
	timeout 20 find $M/dir >$T/names 2>/dev/null || [ $? -eq 1 ] || die "find does not end"
	[ $(wc -l <$T/names) -le 4 ] || die "$(wc -l <$T/names) names are listed: $(sort $T/names | uniq -c | head -n 3)"
}
# ".", "..", "file", "sub"
inside "a name offset beyond the block behind good ones" 'of /dir; eistool poke $X $((data + 44)) ffff' bad_end
inside "a name with a slash behind good ones" 'of /dir; eistool poke $X $((data + 55)) 2f' bad_end
inside "names that go backwards" 'of /dir; eistool poke $X $((data + 20)) 0100' bad_list
inside_link()
{
	fresh bad
	of /link
	eistool poke $X $((inode + 8)) 0000100000000000
	eistool sbfix $X
	expect ok eistool mount -o ro $FSTYPE $X $M
	_g=$(eistool open $M/link) && die "a symlink of 1 MiB works"
	cmp $M/good $T/good || return 1
	eistool umount $M
}
t "a symlink of 1 MiB" inside_link
bad_xattr()
{
	_g=$(eistool xattr list $M/attr) && [ "$_g" = user.a ] && die "the damage does not show"
	echo "$_g"
	stat $M/attr >/dev/null || die "stat does not need xattrs"
}
inside "xattrs beyond the inode" 'of /attr; eistool poke $X $((inode + 2)) ffff' bad_xattr
inside "more shared xattrs than there is room" 'of /attr; eistool poke $X $((inode + isize + 4)) ff' bad_xattr
big_value() { _g=$(eistool xattr get $M/attr user.a) && die "a value of 64 KiB was read"; echo "$_g"; }
inside "an xattr value larger than its area" 'of /attr; eistool poke $X $((inode + isize + 12 + 2)) ffff' big_value
inside_digest()
{
	fresh bad-digest
	of /blocks
	[ $isize = 64 ] || die "not the inode expected"
	# the digest's xattr is damaged: the file stays private, opens and reads
	eistool poke $X $((inode + isize + 12 + 2)) ffff
	eistool sbfix $X
	expect ok eistool mount -o ro,domain_id=bad $FSTYPE $X $M
	_g=$(eistool open $M/blocks --read 0 4096) || die "$_g: sharing must never make an open or a read fail"
	eistool umount $M
}
t "a damaged fingerprint" inside_digest

# Files of $M: errors there may be, but no wrong byte. The same image, whole, is the reference. So many lines go to the log
# that others are suppressed for some seconds: nothing below looks for lines.
right_or_failed()	# IMAGE OPTIONS DIR...
{
	mkdir -p $MNT/whole
	mnt $IMG/$1.erofs $MNT/whole $2
	shift 2
	(cd $MNT/whole && find "$@" -type f -size +0) >$T/files
	_opened=0
	while read -r f; do
		# the inode may be gone too
		_o=$(eistool open $M/$f) || case $_o in
		"!EIO at open"|"!EUCLEAN at open") continue ;;
		*) die "$f: $_o" ;;
		esac
		_opened=$((_opened + 1))
		eistool damaged $M/$f $MNT/whole/$f 0 0 0 100000000 || die "$f: see above"
	done <$T/files
	unmnt $MNT/whole
	[ $_opened -gt 0 ] || die "no file could be opened"
	eistool readall $M >$T/r 2>&1 && die "everything was read"
	grep -q EIO $T/r || { cat $T/r; die "no EIO"; }
}
short_device()
{
	fresh bad-blob
	head -c 4096 $IMG/bad-blob.dev >$T/short
	refused EINVAL 'device' device=$T/short
	# The table says that this is all there is: the chunks behind it have no data.
	eistool poke $X $(($(sb devt_slotoff) * 128 + 64)) 01000000
	eistool sbfix $X
	expect ok eistool mount -o ro,device=$T/short $FSTYPE $X $M
	right_or_failed bad-blob device=$IMG/bad-blob.dev . || return 1
	eistool umount $M
}
t "a device that is cut off" short_device
cut_off()
{
	_mounted=0
	for percent in 20 40 60 80 95; do
		cp $IMG/trixie.plain.erofs $X
		truncate -s $(($(stat -c %s $X) * percent / 100)) $X
		_o=$(eistool mount -o ro $FSTYPE $X $M) || case $_o in
		"!EIO"|"!EUCLEAN") continue ;;
		*) die "at $percent %: $_o" ;;
		esac
		_mounted=$((_mounted + 1))
		find $M >/dev/null 2>&1
		right_or_failed trixie.plain "" sizes holes || die "at $percent %"
		eistool umount $M || return 1
	done
	[ $_mounted -gt 0 ] || die "none could be mounted"
}
t "an image cut off at several lengths" cut_off

mutations()
{
	: >$T/mut
	i=0
	while [ $i -lt ${MUTATIONS:-20} ]; do
		i=$((i + 1))
		case $((i % 3)) in 0) fresh bad-inline ;; 1) fresh bad ;; *) fresh bad-digest ;; esac
		len=$(stat -c %s $X)
		# bytes of the superblock, of inodes, of directories
		for k in 1 2 3; do
			r=$(awk -v s=$((i * 10 + k)) 'BEGIN {srand(s); print int(rand() * 1000000) " " int(rand() * 256)}')
			of / 2>/dev/null
			case $k in
			1)	at=$((1024 + ${r% *} % 128)) ;;
			2)	at=$((inode + ${r% *} % 1024)) ;;
			*)	at=$((4096 + ${r% *} % (len - 4096))) ;;
			esac
			[ $((i % 2)) = 0 ] && [ $k = 1 ] && continue
			eistool poke $X $at $(printf %02x ${r#* }) 2>/dev/null
		done
		eistool sbfix $X 2>/dev/null
		eistool mount -o ro,domain_id=mut $FSTYPE $X $M >>$T/mut || continue
		find $M 2>/dev/null | head -n 200 | while read -r f; do
			eistool xattr list "$f" >/dev/null 2>&1
			[ -f "$f" ] && head -c 100000 "$f" >/dev/null 2>&1
			[ -h "$f" ] && readlink "$f" >/dev/null 2>&1
		done
		eistool umount $M || die "mutation $i: umount failed"
	done
	_o="$(grep -c ok $T/mut) mounted, $(grep -c '!' $T/mut) refused"
	case $_o in "0 "*|*" 0 "*) die "$_o: this proves nothing" ;; esac
	note "mutations: $_o"
}
t "random damage" mutations
t "the module unloads after all that" unload_module
