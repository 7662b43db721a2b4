# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# zstress: many readers of deduplicated and fragment-heavy images, in a cgroup with little memory, while caches are
# dropped and mounts come and go. Every byte is verified; nobody may be stuck. SECONDS_EACH stretches it (default 20).

zip_disk
MAN=$DATA/man/zip
S=${SECONDS_EACH:-20}
CG=/sys/fs/cgroup/zstress
READERS=8

little_memory()		# BYTES: a cgroup, in $CG
{
	mkdir -p /sys/fs/cgroup
	grep -q ' /sys/fs/cgroup ' /proc/mounts || mount -t cgroup2 none /sys/fs/cgroup || missing "cgroup v2"
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control 2>/dev/null || missing "the memory controller of cgroup v2"
	mkdir -p $CG
	echo $1 >$CG/memory.max || die "memory.max"
}
reader()		# N: verifies one image after the other until the time is over
{
	echo 0 >$CG/cgroup.procs
	set -- $1 seq,rand pages,onebyte mmap,mmaprand chunks back,edge splice,sendfile
	n=$1 i=$1
	while [ ! -e $T/stop ]; do
		i=$((i + 1))
		eval "m=\${$((i % 6 + 2))}"
		d=$(echo $DIRS | cut -d' ' -f$((i % COUNT + 1)))
		eistool verify $MNT/$d --manifest $MAN --methods $m --every 5 --seed $((n * 1000 + i)) --max 500k --warm || {
			echo "FAIL reader $n, $d, $m: exit $?"
			return
		}
		echo >>$T/rounds.$n
	done
}
# Who sleeps uninterruptibly through 20 turns of this one, and is not woken once, goes to $T/stuck, with its stack. A
# turn is a second, and longer where the host lets the guest wait, as all that the others wait for then is.
watch_sleepers()
{
	: >$T/asleep
	while [ ! -e $T/ended ]; do
		cat /proc/[0-9]*/task/[0-9]*/status 2>/dev/null | awk -v before=$T/asleep '
			BEGIN { while ((getline line < before) > 0) { split(line, f, " "); turns[f[1] " " f[2]] = f[3] } }
			/^Name:/ { name = $2 }
			/^State:/ { state = $2 }
			/^Pid:/ { pid = $2 }
			/^voluntary_ctxt_switches:/ { woken = $2 }
			/^nonvoluntary_ctxt_switches:/ {
				key = pid " " woken + $2
				if (state == "D") print key, turns[key] + 1, name
			}' >$T/asleep.new
		mv $T/asleep.new $T/asleep
		awk '$3 == 20' $T/asleep | while read -r pid _ _ name; do
			echo "$name ($pid) sleeps:"
			cat /proc/$pid/stack
		done >>$T/stuck
		sleep 1
	done
}
reading() { for p in $readers; do ! kill -0 $p 2>/dev/null || return 0; done; return 1; }

stress()		# MEMORY
{
	little_memory $1
	rm -f $T/stop $T/ended $T/stuck $T/rounds.* $T/reader.*
	log_mark
	DIRS= COUNT=0
	for i in sid.lz4-dedupe-C4096-b1024 sid.zstd-mix-C65536-b1024 sid.lzma-allfrag-C16384-b1024 sid.legacy-all \
		 sid.48-allfrag sid.share-frag sid.share-deflate; do
		mnt $IMG/$i.erofs $MNT/$i $(ours && echo domain_id=zs) || die "mount $i"
		DIRS="$DIRS $i" COUNT=$((COUNT + 1))
	done
	DIRS=${DIRS# }
	watch_sleepers &
	readers=
	for n in $(seq $READERS); do
		reader $n >$T/reader.$n 2>&1 &
		readers="$readers $!"
	done
	began=$(up) mounts=0
	while [ $(($(up) - began)) -lt $S ]; do
		echo $((mounts % 3 + 1)) >/proc/sys/vm/drop_caches
		# the same image once more, read a little, gone again
		_m=sid.share-zstd
		if mnt_as $FSTYPE $IMG/$_m.erofs $MNT/x $(ours && echo domain_id=zs); then
			eistool readall $MNT/x/again >/dev/null || break
			eistool umount $MNT/x || break
			mounts=$((mounts + 1))
		fi
		! grep -l FAIL $T/reader.* >/dev/null || break
		[ ! -s $T/stuck ] || break
		sleep 0.2
	done
	: >$T/stop
	# Who is stuck is not waited for.
	while reading && [ ! -s $T/stuck ]; do sleep 1; done
	: >$T/ended
	grep -h FAIL $T/reader.* && return 1
	[ ! -s $T/stuck ] || { cat $T/stuck; die "somebody was stuck"; }
	wait
	log_since | stuck_lines | grep -a . && die "somebody was stuck"
	met=$(sed -n 's/^max //p' $CG/memory.events) killed=$(sed -n 's/^oom_kill //p' $CG/memory.events)
	note "rounds: $(cat $T/rounds.* | wc -l), mounts: $mounts, limit met: $met times, killed: $killed"
	[ "$killed" = 0 ] || die "readers were killed for want of memory"
	[ "$met" -gt 0 ] || die "the limit was never met: this proves nothing"
	for n in $(seq $READERS); do
		[ -s $T/rounds.$n ] || die "reader $n got nowhere: $(cat $T/reader.$n)"
	done
	for i in $DIRS; do eistool umount $MNT/$i || die "umount $i failed"; done
	loops_free
	rmdir $CG
}
t "readers with 16 MiB" stress 16M
t "the module unloads after all that" unload_module
