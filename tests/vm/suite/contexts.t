# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# contexts: everybody who is asked about, or told of, a file that shares its pages gets the user's own
# file: fanotify and inotify, Landlock, the security hooks themselves; and containers in user namespaces.

shared=
ours && shared=domain_id=ctx
R=$DATA/ref
mnt $IMG/api-a.erofs $MNT/a $shared || { echo "ok - contexts # SKIP $_out"; return 0; }
mnt $IMG/$(ours && echo api-b || echo api-a).erofs $MNT/b $shared || die "mount"

run_watch() { eistool readall $MNT/a >/dev/null; eistool watch "$@"; }
t "fanotify and inotify: events, handles, permissions" run_watch $MNT/a/data $MNT/b/data
run_landlock()
{
	eistool readall $MNT/a >/dev/null
	eistool landlock $MNT/a $MNT/b data prog || return
	eistool landlock $MNT/b $MNT/a data prog
}
t "Landlock: one mount allowed, the other not" run_landlock

# The hooks of every security module (AppArmor, SELinux) are called with a file: whose is it?
TR=/sys/kernel/tracing
hook_probe()		# HOOK
{
	echo "p:ctx/$1 $1 name=file->f_path.dentry->d_name.name:string ino=file->f_inode->i_ino:u64" \
		"dev=file->f_inode->i_sb->s_dev:u32" >>$TR/kprobe_events 2>/dev/null ||
		missing "kprobe arguments by name on this kernel"
	# reading the trace is itself an event
	echo 'name == "prog"' >$TR/events/ctx/$1/filter || die "no filter for $1"
	echo 1 >$TR/events/ctx/$1/enable
}
hooks_off()
{
	for _h in security_file_open security_file_permission security_mmap_file; do
		[ -d $TR/events/ctx/$_h ] || continue
		echo 0 >$TR/events/ctx/$_h/enable
		echo "-:ctx/$_h" >>$TR/kprobe_events
	done
}
hooks()
{
	[ -w $TR/kprobe_events ] || missing "kprobes"
	trap hooks_off EXIT
	for h in security_file_open security_file_permission security_mmap_file; do hook_probe $h; done
	at=$($MNT/a/prog probe-at)
	for m in a b; do
		ino=$(stat -c %i $MNT/$m/prog) dev=$(stat -c %d $MNT/$m/prog)
		# within the kernel a device is 12 bits of major, 20 of minor
		dev=$((dev / 256 * 1048576 + dev % 256))
		: >$TR/trace
		eistool lib $MNT/$m/prog $at </dev/null >/dev/null || return
		cat $MNT/$m/prog >/dev/null
		cat $TR/trace >$T/trace
		for h in security_file_open security_file_permission security_mmap_file; do
			# cat reads, lib maps: both open
			line=$(grep "$h.*name=\"prog\"" $T/trace | head -n 1)
			[ -n "$line" ] || die "$h was not called for $MNT/$m/prog"
			case $line in
			*" ino=$ino dev=$dev"*) ;;
			*) die "$h for $MNT/$m/prog (inode $ino, device $dev): $line" ;;
			esac
		done
		grep 'name="prog"' $T/trace | grep -v " ino=$ino dev=$dev" && die "a hook is given another mount's file"
	done
	return 0
}
t "security hooks are given the user's file" hooks

# A security module that runs on every stock kernel and takes its policy as text: TOMOYO. Two programs, each
# may open the file of one mount only. (Once it is on it stays on; nobody else has a profile that forbids.)
P=/sys/kernel/security/tomoyo
policy()
{
	grep -q " /sys/kernel/security " /proc/mounts || mount -t securityfs securityfs /sys/kernel/security || missing "securityfs"
	[ -w $P/profile ] || missing "TOMOYO on this kernel"
	[ ! -e /sbin/init ] && [ ! -e /sbin/tomoyo-init ] || die "this guest has programs that switch TOMOYO on"
	printf '%s\n' PROFILE_VERSION=20150505 "0-COMMENT=none" "0-CONFIG={ mode=disabled grant_log=no reject_log=no }" \
		"1-COMMENT=judged" "1-CONFIG={ mode=disabled grant_log=no reject_log=no }" \
		"1-CONFIG::file::open={ mode=enforcing grant_log=no reject_log=no }" >$P/profile
	for m in a b; do
		cp $SUITE_DIR/bin/eistool $T/judged-$m
		echo "initialize_domain $T/judged-$m from any" >$P/exception_policy
		printf '%s\n' "<kernel> $T/judged-$m" "use_profile 1" "use_group 0" "file read $MNT/$m/data" >$P/domain_policy
	done
	# It begins when this loader exists and something called /sbin/init is executed.
	mkdir -p /sbin
	for f in tomoyo-init init; do
		printf '#!/bin/sh\n' >/sbin/$f
		chmod +x /sbin/$f
	done
	/sbin/init
	rm /sbin/init /sbin/tomoyo-init
	for m in a b; do
		other=$(echo ab | tr -d $m)
		eistool readall $MNT/$other >/dev/null
		r=$($T/judged-$m open $MNT/$m/data --read 0 4096) || true
		case $r in ok*) ;; *) die "$MNT/$m/data is allowed, and: $r" ;; esac
		expect "!EPERM at open" $T/judged-$m open $MNT/$other/data --read 0 4096
	done
}
t "TOMOYO: a policy for one mount's path" policy

# A container: its own users, its own mounts, a process that is nobody outside.
in_container()		# SCRIPT
{
	setpriv --reuid=1000 --regid=1000 --clear-groups unshare -Urm sh -c "$1"
}
container()
{
	in_container true 2>/dev/null || missing "user namespaces for users"
	PATH=/bin:$PATH
	expect "" in_container "cmp $MNT/b/data $R/api-a/data"
	expect 65534 in_container "stat -c %u $MNT/b/data"
	in_container "mount -t $FSTYPE $IMG/api-a.erofs /mnt" >/dev/null 2>&1 &&
		die "a user mounts an image"
	# Nor do options get anywhere: what they take of memory, and print to the log, is root's.
	log_mark
	expect "!EPERM at fsopen" in_container "eistool mountfd $FSTYPE /no/image /mnt source=again"
	[ -z "$(log_ours)" ] || { log_ours; die "a user writes to the kernel's log"; }
	# overlayfs of the container's own on both images, its pages those of the mounts below
	mkfifo $T/go
	in_container "mount -t tmpfs t /tmp && mkdir /tmp/u /tmp/w /tmp/o &&
		mount -t overlay -o userxattr,lowerdir=$MNT/a:$MNT/b,upperdir=/tmp/u,workdir=/tmp/w o /tmp/o &&
		cmp /tmp/o/data $R/api-a/data && /tmp/o/prog selftest && echo ready \$\$ && read x" <$T/go >$T/log 2>&1 &
	exec 7>$T/go
	pid=$! i=0
	while ! grep -q ready $T/log; do
		sleep 0.1
		i=$((i + 1))
		if [ $i -gt 100 ] || ! kill -0 $pid 2>/dev/null; then
			exec 7>&-
			die "overlayfs in the container: $(cat $T/log)"
		fi
	done
	o=/proc/$(sed -n 's/^ready //p' $T/log)/root/tmp/o
	pages_equal $o/data $MNT/b/data || return
	pages_equal $o/prog $MNT/b/prog || return
	exec 7>&-
	wait $pid
	rm $T/go
}
t "a container in a user namespace" container
unmnt $MNT/a $MNT/b
