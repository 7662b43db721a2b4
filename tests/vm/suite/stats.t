# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# stats: what /sys/fs/erofs-ishare and the trace points tell, against what is counted from outside.

if ! ours; then
	echo "ok - stats # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref
S=/sys/fs/erofs-ishare
devno() { awk -v d="$1" '$5 == d {print $3}' /proc/self/mountinfo; }
mount_dir() { echo "$S/$(devno "$1")"; }
domain_dir() { echo "$S/domains/$(cat "$(mount_dir "$1")/domain")"; }
value() { cat "$1" || die "cannot read $1"; }
is()			# FILE VALUE
{
	_v=$(value "$1") || exit 1
	[ "$_v" = "$2" ] || die "${1#"$S"/} is $_v, should be $2"
}

mnt $IMG/share-a.erofs $MNT/a domain_id=SesameStats || die "mount"
mnt $IMG/share-b.erofs $MNT/b domain_id=SesameStats || die "mount"
mnt $IMG/share-chunk.erofs $MNT/c domain_id=other || die "mount"

layout()
{
	for f in features/sharing features/warm features/lz4 features/zstandard "$(devno $MNT/a)/features" "$(devno $MNT/a)/uuid" "$(devno $MNT/a)/block_size"; do
		[ -s "$S/$f" ] || [ -n "$(cat "$S/$f")" ] || die "$S/$f is empty or not there"
	done
	is "$(mount_dir $MNT/a)/block_size" 4096
	is "$(mount_dir $MNT/b)/block_size" 512
	grep -qx fingerprints "$(mount_dir $MNT/a)/features" || die "no fingerprints: $(cat "$(mount_dir $MNT/a)/features")"
	grep -qx chunks "$(mount_dir $MNT/c)/features" || die "no chunks: $(cat "$(mount_dir $MNT/c)/features")"
	[ "$(domain_dir $MNT/a)" = "$(domain_dir $MNT/b)" ] || die "one domain, two directories"
	[ "$(domain_dir $MNT/a)" != "$(domain_dir $MNT/c)" ] || die "two domains, one directory"
	is "$(domain_dir $MNT/a)/nr_mounts" 2
	expect "$(devno $MNT/a)
$(devno $MNT/b)" sort "$(domain_dir $MNT/a)/mounts"
}
t "mounts and domains have their directories" layout
same_name()
{
	mkdir -p $T/one $T/two
	cp $IMG/share-a.erofs $T/one/i.erofs
	cp $IMG/share-b.erofs $T/two/i.erofs
	mnt $T/one/i.erofs $MNT/x domain_id=n
	mnt $T/two/i.erofs $MNT/y
	[ -d "$(mount_dir $MNT/x)" ] && [ -d "$(mount_dir $MNT/y)" ] || die "not both are there"
	is "$(mount_dir $MNT/y)/domain" none
	d1=$(mount_dir $MNT/x) d2=$(mount_dir $MNT/y) dom=$(domain_dir $MNT/x)
	unmnt $MNT/x $MNT/y
	rm -r $T/one $T/two
	[ ! -e "$d1" ] && [ ! -e "$d2" ] && [ ! -e "$dom" ] || die "a directory outlived its mount"
}
t "image files of one name, and mounts without a domain" same_name
secrets()
{
	ls -R $S | grep -i sesame && die "a domain's name is a file name"
	find $S -type f ! -perm 0200 -exec grep -il sesame {} + && die "a domain's name is in a file"
	for f in "$(domain_dir $MNT/a)"/* "$(mount_dir $MNT/a)/domain" "$(mount_dir $MNT/a)/joined"; do
		setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all \
			cat "$f" >/dev/null 2>&1 && die "everybody can read ${f#"$S"/}"
	done
	setpriv --reuid 65534 --regid 65534 --clear-groups cat "$(mount_dir $MNT/a)/features" $S/features/sharing >/dev/null ||
		die "features are not for everybody"
}
t "what tells of a domain is for root only" secrets

counts()		# output of eistool unique: FIELD
{
	echo "$1" | sed "s/.*$2=\([0-9]*\).*/\1/"
}
outside()
{
	d=$(domain_dir $MNT/a)
	echo 3 >/proc/sys/vm/drop_caches
	u=$(eistool unique $MNT/a $MNT/b) || die "$u"
	# by frame numbers: every page of both trees is there now, and this many frames hold them
	is $d/resident_bytes $(($(counts "$u" unique) * 4096))
	is $d/separate_bytes $(($(counts "$u" pages) * 4096))
	is $d/saved_bytes $((($(counts "$u" pages) - $(counts "$u" unique)) * 4096))
	is $d/idle_inodes 0
	is $d/idle_bytes 0
	is $d/member_inodes "$(find $MNT/a $MNT/b -type f -size +0c -exec stat -c %d:%i {} + | sort -u | wc -l)"
	[ "$(value $d/shared_inodes)" -lt "$(value $d/member_inodes)" ] || die "as many shared inodes as members"
	[ "$(value $d/joined)" -ge "$(value $d/member_inodes)" ] || die "fewer joined than are members"
}
t "resident, separate and saved bytes are what frames tell" outside
mincore_too()
{
	d=$(domain_dir $MNT/c)
	eistool umount $MNT/c || return 1
	mnt $IMG/share-chunk.erofs $MNT/c domain_id=other
	d=$(domain_dir $MNT/c)
	is $d/resident_bytes 0
	eistool open $MNT/c/common/big --read 0 300000 >/dev/null || return 1
	eistool open $MNT/c/common/f6 --read 0 100 >/dev/null || return 1
	eistool resident $MNT/c/common/big $MNT/c/common/f6 >$T/res
	want=$(awk '{split($3, m, "="); n += m[2]} END {print n * 4096}' $T/res)
	is $d/resident_bytes "$want"
	is $d/shared_inodes 2
	is $d/member_inodes 2
	is $d/saved_bytes 0
}
t "resident bytes of parts of files are what mincore tells" mincore_too
filled()
{
	m=$(mount_dir $MNT/c) d=$(domain_dir $MNT/c)
	mnt $IMG/share-chunk.erofs $MNT/c2 domain_id=other
	m2=$(mount_dir $MNT/c2)
	size=$(stat -c %s $MNT/c/common/big)
	echo 3 >/proc/sys/vm/drop_caches
	b=$(value $m/data_bytes_read) b2=$(value $m2/data_bytes_read) db=$(value $d/data_bytes_read)
	cat $MNT/c/common/big $MNT/c2/common/big >/dev/null
	# chunks: no inline tail, so whole blocks and nothing else
	is $m/data_bytes_read $((b + (size + 4095) / 4096 * 4096))
	is $m2/data_bytes_read "$b2"
	is $d/data_bytes_read $((db + (size + 4095) / 4096 * 4096))
	[ "$(value $m/meta_bytes_read)" -gt 0 ] || die "no metadata was read"
	is $m/read_errors 0
	# what a mount read stays with its domain
	db=$(value $d/data_bytes_read)
	unmnt $MNT/c2
	is $d/data_bytes_read "$db"
}
t "bytes read from storage: once for all mounts" filled
refusals()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=other
	d=$(domain_dir $MNT/c) m=$(mount_dir $MNT/n)
	cat $MNT/n/common/f5 $MNT/n/common/f6 $MNT/n/common/f5 $MNT/n/common/f7 >/dev/null
	is $m/refused_no_fingerprint 3
	is $d/refused_no_fingerprint 3
	is $m/joined 0
	is $d/refused_corrupt 0
	unmnt $MNT/n
	is $d/refused_no_fingerprint 3
	cp $IMG/share-a.erofs $T/crafted
	eval "$(eistool img $T/crafted /common/f6)"
	[ "$isize" = 64 ] || die "not the inode expected: isize $isize"
	# the count of shared attributes, beyond what the inode has room for
	eistool poke $T/crafted $((inode + 64 + 4)) ff
	log_mark
	mnt $T/crafted $MNT/x domain_id=other
	cmp $MNT/x/common/f6 $R/share-a/common/f6 || die "sharing failed, and so did reading"
	is "$(mount_dir $MNT/x)/refused_corrupt" 1
	is $d/refused_corrupt 1
	log_ours | grep -q "crafted (mount $(devno $MNT/x)): fingerprint .* of nid $nid failed" || die "no line in the log says so: $(log_ours)"
	cat $MNT/x/common/f5 >/dev/null
	is "$(mount_dir $MNT/x)/joined" 1
	unmnt $MNT/x
	rm $T/crafted
}
t "refusals, by reason" refusals
failed_reads()
{
	loop $IMG/share-b.erofs
	n=$(blockdev --getsz $dev)
	dm=$(eistool dm create sick $n linear "$dev 0") || die "dm: $dm"
	mkdir -p $MNT/s
	_o=$(eistool mount -o ro,domain_id=sick $FSTYPE $dm $MNT/s) || die "mount: $_o"
	m=$(mount_dir $MNT/s)
	eistool open $MNT/s/common/big >/dev/null
	is $m/read_errors 0
	eistool dm reload sick $n error || return 1
	cat $MNT/s/common/big >/dev/null 2>&1 && die "a dead disk can be read"
	[ "$(value $m/read_errors)" -ge 1 ] || die "no read error is counted"
	[ "$(value "$(domain_dir $MNT/s)/read_errors")" = "$(value $m/read_errors)" ] || die "the domain counts otherwise"
	eistool dm reload sick $n linear "$dev 0"
	eistool umount $MNT/s && eistool dm remove sick && loops_free
}
t "reads that fail" failed_reads

drop()
{
	d=$(domain_dir $MNT/c) m=$(mount_dir $MNT/c)
	for v in 0 4 x -1; do
		echo $v 2>/dev/null >$m/drop_caches && die "$v was taken"
	done
	cat $MNT/c/common/* $MNT/a/common/* >/dev/null
	other=$(value "$(domain_dir $MNT/a)/resident_bytes")
	[ "$(value $d/resident_bytes)" -gt 3000000 ] || die "not cached: $(value $d/resident_bytes)"
	# compaction drains what CPUs hold back of new pages
	echo 1 >/proc/sys/vm/compact_memory
	echo 1 >$m/drop_caches
	is $d/resident_bytes 0
	[ "$(value $d/member_inodes)" -gt 0 ] || die "1 drops inodes too"
	is "$(domain_dir $MNT/a)/resident_bytes" "$other"
	echo 2 >$m/drop_caches
	is $d/member_inodes 0
	eistool verify $MNT/c --ref $R/share-b --methods seq,mmap --max 200k || return 1
	echo 3 >$m/drop_caches
	eistool verify $MNT/c --ref $R/share-b --methods rand --max 200k
}
t "drop_caches of one mount" drop
drop_in_use()
{
	m=$(mount_dir $MNT/c)
	eistool hold $MNT/c/common/big --mmap </dev/zero >$T/hold 2>&1 &
	pid=$!
	while ! grep -q ready $T/hold; do sleep 0.1; done
	for i in 1 2 3 4 5; do
		for v in 1 2 3; do echo $v >$m/drop_caches || return 1; done
		eistool readall $MNT/c >/dev/null &
		r=$!
		for v in 3 3 3 3; do echo $v >$m/drop_caches || return 1; done
		wait $r || die "reading failed"
	done
	kill $pid
	wait $pid
	eistool verify $MNT/c --ref $R/share-b --methods seq --max 200k
}
t "drop_caches while files are read and mapped" drop_in_use
read_ahead()
{
	d=$(domain_dir $MNT/c) k=$S/domains/read_ahead_kb
	old=$(value $k)
	[ "$old" -gt 0 ] || die "no read-ahead: $old"
	echo 0 >$k
	is $k 0
	echo 3 >/proc/sys/vm/drop_caches
	eistool open $MNT/c/common/big --read 0 100 >/dev/null
	is $d/resident_bytes 4096
	echo 512 >$k
	echo 3 >/proc/sys/vm/drop_caches
	cat $MNT/c/common/big >/dev/null
	echo "$old" >$k
	is "$(mount_dir $MNT/c)/read_ahead_kb" 128
	echo 64 >"$(mount_dir $MNT/c)/read_ahead_kb"
	is "$(mount_dir $MNT/c)/read_ahead_kb" 64
}
t "read-ahead can be set" read_ahead
open_file()
{
	mnt $IMG/share-none.erofs $MNT/n domain_id=going
	m=$(mount_dir $MNT/n) d=$(domain_dir $MNT/n)
	exec 5<$m/joined 6<$d/resident_bytes 7>$m/drop_caches
	unmnt $MNT/n
	[ ! -e $m ] && [ ! -e $d ] || die "still there"
	cat <&5 2>/dev/null && die "a file of a mount that is gone can be read"
	cat <&6 2>/dev/null && die "a file of a domain that is gone can be read"
	echo 3 2>/dev/null >&7 && die "a mount that is gone dropped its caches"
	exec 5<&- 6<&- 7>&-
}
t "open files of sysfs do not hold up unmounting" open_file
readers()
{
	echo go >$T/go
	for i in 1 2; do
		( while [ -f $T/go ]; do
			find $S -type f -perm -0400 -exec cat {} + >/dev/null 2>&1
			for f in $S/*:*/drop_caches; do echo 3 2>/dev/null >$f; done
		done ) &
	done
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		mnt $IMG/share-a.erofs $MNT/x domain_id=race
		mnt $IMG/share-chunk.erofs $MNT/y domain_id=race
		cat $MNT/x/common/f* $MNT/y/common/f* >/dev/null || return 1
		unmnt $MNT/x $MNT/y
	done
	rm $T/go
	wait
}
t "readers of everything while mounts come and go" readers

trace()
{
	tr=/sys/kernel/tracing
	[ -d $tr/events ] || mount -t tracefs none $tr || missing "tracefs"
	for e in eis_mount eis_join eis_refusal eis_fill eis_cluster eis_error eis_read_error; do
		[ -d $tr/events/erofs_ishare/$e ] || die "no trace point $e"
	done
	cp $IMG/share-a.erofs $T/traced
	eval "$(eistool img $T/traced /common/f6)"
	f6=$nid
	eval "$(eistool img $T/traced /common/f7)"
	eistool poke $T/traced $((inode + 64 + 4)) ff
	f7=$nid
	echo >$tr/trace
	echo 1 >$tr/events/erofs_ishare/enable
	mnt $T/traced $MNT/x domain_id=SesameTrace
	dev=$(devno $MNT/x)
	cat $MNT/x/common/f6 $MNT/x/common/f7 >/dev/null
	mnt $IMG/share-none.erofs $MNT/n domain_id=SesameTrace
	cat $MNT/n/common/f5 >/dev/null
	ndev=$(devno $MNT/n)
	echo 0 >$tr/events/erofs_ishare/enable
	cat $MNT/x/common/f5 >/dev/null
	grep -v '^#' $tr/trace >$T/trace
	unmnt $MNT/x $MNT/n
	rm $T/traced
	grep -q sesame -i $T/trace && die "traces tell the domain's name"
	for w in "eis_mount: dev=$dev nid=.* share=1 err=0" "eis_join: dev=$dev nid=$f6 size=65536 resident=0" \
		"eis_fill: dev=$dev nid=$f6 pos=0 len=" "eis_refusal: dev=$dev nid=$f7 reason=corrupt-xattrs err=-" \
		"eis_error: dev=$dev nid=$f7 check=" "eis_refusal: dev=$ndev nid=.* reason=no-fingerprint err=-61"; do
		grep -q "$w" $T/trace || { cat $T/trace; die "no '$w'"; }
	done
	[ "$(grep -c eis_join $T/trace)" = 1 ] || die "$(grep -c eis_join $T/trace) joins, only one was traced"
}
t "trace points" trace
unmnt $MNT/a $MNT/b $MNT/c
nothing_left()
{
	ls $S | grep : && die "mounts are left"
	find $S/domains -mindepth 1 -type d | grep . && die "domains are left"
	unload_module
	is $S/domains/read_ahead_kb 128
}
t "nothing is left, and the module unloads" nothing_left
