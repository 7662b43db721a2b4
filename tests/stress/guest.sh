#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh SECONDS: everything at once, for that long, on overlays above mounts that share their pages: fio verifying what it
# wrote into the images and what it writes, stress-ng's file and mapping stressors, a compiler, parallel find in a cgroup
# with little memory; meanwhile processors and memory go off and on, tasks are frozen and stopped, mounts come and go, caches
# are dropped.
#
# Rules: every job is a loop that ends with the time; a job that meets an error says so in $T/NAME.bad and ends. In the end
# every file has its checksum, everything can be unmounted, and the module goes. TAP on stdout. In LONG seconds every job and every
# disturbance must have come to pass; what this kernel cannot do is told.
set -u

D=/data M=/mnt T=/tmp/stress CG=/sys/fs/cgroup
SECS=$1 LONG=300
# shellcheck source=tests/vm/suite/lib.sh
. "$(dirname "$0")/lib.sh"		# stuck_lines
n=0 bad=0
mkdir -p $D $T $M/{a,b,c,x,o1,o2,o3}

verdict()		# 0|1 NAME [WHY]
{
	n=$((n + 1))
	[ "$1" -eq 0 ] && echo "ok $n - $2" && return
	bad=1
	echo "not ok $n - $2 # ${3:-}"
}
fatal() { echo "not ok 1 - $*"; echo "1..1"; exit 1; }
up() { cut -d. -f1 /proc/uptime; }
going() { [ "$(up)" -lt "$end" ] && [ ! -e $T/stop ]; }
trouble() { echo "$2" >"$T/$1.bad"; }		# JOB WHY
count() { echo >>"$T/$1.rounds"; }

# Nothing of it in a long run is a failure.
happened()		# COUNT NAME
{
	[ "$SECS" -lt $LONG ] || [ "$1" -gt 0 ]
	verdict $? "$2: $1" "not once in $SECS s"
}
rounds() { if [ -e $T/$1.rounds ]; then wc -l <$T/$1.rounds; else echo 0; fi; }

disturbance()		# NAME FILE-THAT-SAYS-THAT-THE-KERNEL-CAN
{
	if [ -z "$2" ] || [ -e "$2" ]; then
		happened "$(rounds $1)" "$1"
	else
		n=$((n + 1))
		echo "ok $n - $1 # SKIP this kernel cannot, it has no $2"
	fi
}
event() { sed -n "s/^$2 //p" $CG/$1/memory.events; }		# CGROUP NAME

# ---- set-up ------------------------------------------------------------------------------

mount -t ext4 /dev/vda $D || fatal "the disk"
for m in erofs_ishare overlay loop; do modprobe $m || fatal "modprobe $m"; done
mount -t erofs-ishare -o ro,domain_id=s $D/images/plain.erofs $M/a || fatal "mount a"
mount -t erofs-ishare -o ro,domain_id=s $D/images/packed.erofs $M/b || fatal "mount b"
disk=$(losetup -f --show -r $D/images/plain.erofs) || fatal "losetup"
mount -t erofs-ishare -o ro,domain_id=s "$disk" $M/c || fatal "mount c"
i=0
for low in $M/a $M/b $M/c:$M/b; do
	i=$((i + 1))
	mkdir -p $D/u$i $D/w$i
	mount -t overlay -o lowerdir=$low,upperdir=$D/u$i,workdir=$D/w$i overlay $M/o$i || fatal "overlay $i"
	mount -t proc proc $M/o$i/proc
	mount -t devtmpfs devtmpfs $M/o$i/dev
	mkdir -p $M/o$i/var/tmp
done
mkdir -p $CG
mount -t cgroup2 none $CG || fatal "cgroup v2 cannot be mounted"
echo +memory >$CG/cgroup.subtree_control || fatal "the memory controller of cgroup v2"
mkdir -p $CG/little $CG/less $CG/frozen
# Above memory.high a task is made to reclaim on its way out of the kernel, at memory.max inside it, where it reads.
echo 96M >$CG/little/memory.high || fatal "memory.high"
echo 256M >$CG/little/memory.max || fatal "memory.max"
# Less than the largest file below, and than what is read between two drops of the caches, though others read some of it first.
echo 24M >$CG/less/memory.max || fatal "memory.max"
cd $M/a && find . -type f ! -path ./fio >$T/files
[ "$(stat -c %s fio)" = 12582912 ] || fatal "the file that fio has written is not there"
cd /

# ---- jobs --------------------------------------------------------------------------------

job_fio()		# ENGINE DIR
{
	while going; do
		chroot $M/$2 fio --name=v --directory=/var/tmp --filename=fio-$1 --size=12M --bs=4k,64k --rw=randwrite --ioengine=$1 \
			--verify=crc32c --verify_fatal=1 --do_verify=1 --output-format=terse >$T/fio-$1.log 2>&1 ||
			{ trouble fio-$1 "$(tail -n 3 $T/fio-$1.log | tr '\n' ' ')"; return; }
		going || return
		# What fio has written before the images were made: no copy, the pages of the mounts themselves.
		chroot $M/$2 fio --name=v --filename=/fio --size=12M --bs=4k --rw=randread --readonly --ioengine=$1 \
			--invalidate=$((RANDOM % 2)) --verify=crc32c --verify_fatal=1 --verify_state_save=0 --aux-path=/var/tmp \
			--output-format=terse >$T/fio-$1.log 2>&1 ||
			{ trouble fio-$1 "the images' file: $(tail -n 3 $T/fio-$1.log | tr '\n' ' ')"; return; }
		going || return
		# What lies below is read through a copy that is made now.
		f=$(sed -n "$((RANDOM % $(wc -l <$T/files) + 1))p" $T/files)
		chroot $M/$2 touch "$f" || { trouble fio-$1 "copy up of $f"; return; }
		cmp "$M/$2/$f" "$M/a/$f" >$T/cmp-$1 2>&1 || { trouble fio-$1 "$(cat $T/cmp-$1)"; return; }
		rm -f $M/$2/var/tmp/fio-$1
		count fio-$1
	done
}
STRESSORS=access,chattr,chdir,dentry,dir,dirdeep,dirmany,dup,eventfd,fallocate,fault,fd-race,fiemap,file-ioctl,filename,flock,fpunch
STRESSORS=$STRESSORS,fstat,getdent,handle,hdd,inode-flags,io,iomix,link,locka,lockf,metamix,open,rename,readahead,seek,sendfile,splice
STRESSORS=$STRESSORS,symlink,sync-file,touch,unlink,utime,vm-splice,xattr,madvise,mincore,mlock,mmap,mmapaddr,mmapfixed,mmapfiles,mmapfork
STRESSORS=$STRESSORS,mmapmany,mprotect,mremap,msync,munmap,msyncmany,pagemove,pageswap,vma,userfaultfd
job_stressng()
{
	local all some rc
	IFS=, read -ra all <<<"$STRESSORS"
	while going; do
		# A few at a time: a round of all of them takes minutes.
		some=${all[RANDOM % ${#all[@]}]},${all[RANDOM % ${#all[@]}]},${all[RANDOM % ${#all[@]}]}
		chroot $M/o2 stress-ng --sequential 1 --with $some --timeout 3 --verify --temp-path /var/tmp --vm-bytes 32M \
			--mmap-bytes 32M --hdd-bytes 16M --readahead-bytes 16M --iomix-bytes 16M \
			--log-file /var/tmp/log >$T/stress-ng.log 2>&1
		rc=$?
		# By its manual: one of them could not begin for want of resources, or is not there on this system. No fault of files,
		# and no success.
		case $rc in
		0)	count stress-ng ;;
		3)	count stress-ng-no-resources ;;
		4)	count stress-ng-not-there ;;
		*)	going || return
			trouble stress-ng "$some: exit $rc: $(grep -aE 'fail|error|invalid|unknown|range' $T/stress-ng.log | head -n 3 | tr '\n' ' ')"
			return ;;
		esac
	done
}
job_compile()		# one file of a real program after the other; the same object each time
{
	local f got
	declare -A want=()
	while going; do
		for f in $M/o3/build/format/*.c; do
			f=$(basename "$f" .c)
			going || return
			chroot $M/o3 sh -c "cd /build && gcc -O2 -std=gnu11 -Iinclude -c -o /var/tmp/$f.o format/$f.c" >$T/compile.log 2>&1 ||
				{ going && trouble compile "$(tail -n 2 $T/compile.log | tr '\n' ' ')"; return; }
			got=$(sha256sum <$M/o3/var/tmp/$f.o)
			[ "${want[$f]:=$got}" = "$got" ] || { trouble compile "$f: another result: $got, was ${want[$f]}"; return; }
			count compile
		done
	done
}
job_find()		# DIR CGROUP
{
	local dirs d
	echo $BASHPID >$CG/$2/cgroup.procs || { trouble find-$1 "the cgroup $2"; return; }
	dirs=("$M/$1"/usr/{bin,sbin,include,share/*,lib/*,lib/x86_64-linux-gnu/*} "$M/$1"/{etc,var,build})
	while going; do
		d=${dirs[RANDOM % ${#dirs[@]}]}
		[ -e "$d" ] || continue
		find "$d" -xdev -type f -exec cat {} + >/dev/null 2>$T/find-$1.err
		[ ! -s $T/find-$1.err ] || { trouble find-$1 "$(head -n 2 $T/find-$1.err | tr '\n' ' ')"; return; }
		count find-$1
	done
}
job_sums()		# DIR: some files each round, against what the tree had
{
	echo $BASHPID >$CG/frozen/cgroup.procs || { trouble sums-$1 "the cgroup frozen"; return; }
	while going; do
		awk -v s=$RANDOM 'BEGIN {srand(s)} rand() < 0.005' $D/sums >$T/some-$1
		(cd $M/$1 && sha256sum -c $T/some-$1) >$T/sums-$1.log 2>&1 || { trouble sums-$1 "$(grep -v ': OK' $T/sums-$1.log | head -n 3 | tr '\n' ' ')"; return; }
		count sums-$1
	done
}
job_come_and_go()
{
	while going; do
		mount -t erofs-ishare -o ro,domain_id=s $D/images/packed.erofs $M/x || { trouble mounts "mount"; return; }
		cmp $M/x/usr/bin/bash $M/a/usr/bin/bash >$T/cmp-x 2>&1 || { trouble mounts "$(cat $T/cmp-x)"; umount $M/x; return; }
		umount $M/x || { trouble mounts "umount"; return; }
		count mounts
		sleep 1
	done
}
job_cpus()
{
	local c
	while going; do
		for c in /sys/devices/system/cpu/cpu[1-9]*/online; do
			echo 0 >$c 2>/dev/null && count cpu-off
			sleep 1
			echo 1 >$c 2>/dev/null
			sleep 2
		done
	done
}
job_memory()
{
	local b
	while going; do
		for b in /sys/devices/system/memory/memory*; do
			going || break
			# Most have pages that cannot be moved; those of files can.
			timeout 5 sh -c "echo offline >$b/state" 2>/dev/null && count memory-off && sleep 1
			[ "$(cat $b/state 2>/dev/null)" != offline ] || echo online_movable >$b/state 2>/dev/null || echo online >$b/state
		done
		sleep 1
	done
}
job_freeze()
{
	local p
	while going; do
		echo 1 >$CG/frozen/cgroup.freeze && count frozen
		for p in $(pidof fio stress-ng cc1 cat); do kill -STOP $p 2>/dev/null && count stopped; done
		sleep 1
		for p in $(pidof fio stress-ng cc1 cat); do kill -CONT $p 2>/dev/null; done
		echo 0 >$CG/frozen/cgroup.freeze 2>/dev/null
		sleep 4
	done
}
job_drop()
{
	while going; do
		sleep 7
		echo $((RANDOM % 3 + 1)) >/proc/sys/vm/drop_caches
		count dropped
	done
}

# ---- all of it ------------------------------------------------------------------------------

end=$(($(up) + SECS))
job_fio psync o1 &
job_fio mmap o2 &
job_stressng &
job_compile &
job_find a little &
job_find b little &
job_find c less &
job_sums a &
job_sums b &
job_come_and_go &
job_cpus &
job_memory &
job_freeze &
job_drop &
while going; do
	sleep 20
	echo "# $((end - $(up))) s left; rounds: $(for f in $T/*.rounds; do echo "$(basename $f .rounds)=$(wc -l <$f)"; done | tr '\n' ' ')"
	! ls $T/*.bad >/dev/null 2>&1 || break
done
: >$T/stop
for p in $(pidof stress-ng); do kill -INT $p 2>/dev/null; done
# Whoever does not end now hangs.
for _ in $(seq 120); do
	sleep 2
	[ -n "$(jobs -pr)" ] || break
	echo 0 >$CG/frozen/cgroup.freeze 2>/dev/null
	for p in $(pidof fio stress-ng cc1 cat); do kill -CONT $p 2>/dev/null; done
done
verdict $([ -z "$(jobs -pr)" ]; echo $?) "every job ends" "$(jobs -pr | tr '\n' ' ')"
for c in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 1 >$c; done
for j in fio-psync fio-mmap stress-ng compile find-a find-b find-c sums-a sums-b mounts; do
	r=$(rounds $j)
	if [ -e $T/$j.bad ]; then
		verdict 1 "$j" "$(cat $T/$j.bad)"
	else
		happened "$r" "rounds of $j"
	fi
done
for j in stress-ng-no-resources stress-ng-not-there; do echo "# $j: $(rounds $j)"; done
disturbance cpu-off /sys/devices/system/cpu/cpu1/online
disturbance memory-off /sys/devices/system/memory/auto_online_blocks
disturbance frozen $CG/frozen/cgroup.freeze
disturbance stopped ""
disturbance dropped ""
happened "$(event little high)" "little memory: memory.high was met"
happened "$(event less max)" "less memory: memory.max was met"
for c in little less; do
	verdict "$([ "$(event $c oom_kill)" = 0 ]; echo $?)" "$c memory: nobody was killed" "$(tr '\n' ' ' <$CG/$c/memory.events)"
done
stuck=$(dmesg | stuck_lines)
verdict "$([ -z "$stuck" ]; echo $?)" "nobody was stuck" "$(head -n 3 <<<"$stuck" | tr '\n' ' ')"
for d in b a; do
	echo 3 >/proc/sys/vm/drop_caches
	(cd $M/$d && sha256sum -c $D/sums) >$T/sums.log 2>&1
	verdict $? "all files of $d have their checksums: $(grep -c ': OK' $T/sums.log)" "$(grep -v ': OK' $T/sums.log | head -n 3 | tr '\n' ' ')"
done
for i in 1 2 3; do umount $M/o$i/proc $M/o$i/dev $M/o$i; done
umount $M/a $M/b $M/c
verdict $? "everything can be unmounted" "$(grep -a erofs-ishare /proc/mounts)"
losetup -d "$disk"
modprobe -r erofs_ishare && ! grep -a eis_ /proc/slabinfo
verdict $? "the module can be unloaded"
echo "1..$n"
exit $bad
