# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# nfs: exported by the kernel's NFS server to a client on the same machine. What the client reads are the
# file's bytes, and the server reads them from the shared pages. (File handles by themselves: handles.t.)
#
# The server asks a daemon who may have what; here the answers are written before it asks.

if ! ours; then
	echo "ok - nfs # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
R=$DATA/ref/api-a
SRV=/proc/fs/nfsd
mnt $IMG/api-a.erofs $MNT/a domain_id=nfs || die "mount"
mnt $IMG/api-b.erofs $MNT/b domain_id=nfs || die "mount"

tell() { printf '%s\n' "$2" >/proc/net/rpc/$1/channel || die "the NFS server's $1 refuses '$2'"; }
export_of()		# DIR: to this machine, as the root of what it exports
{
	never=2147483647
	tell auth.unix.ip "nfsd 127.0.0.1 $never here"
	# read-only, any port, no subtree check, fsid=0
	tell nfsd.export "here $1 $never $((0x1 | 0x2 | 0x400 | 0x2000)) 65534 65534 0"
	tell nfsd.fh "here 1 \\x00000000 $never $1"
}
serve()			# DIR
{
	modprobe nfsd && modprobe nfsv4 || missing "the kernel's NFS server and client"
	grep -q " $SRV " /proc/mounts || mount -t nfsd nfsd $SRV || die "mount of $SRV"
	export_of $1
	# nobody has state to reclaim: no more grace for that than the least there is
	echo 10 >$SRV/nfsv4leasetime && echo 10 >$SRV/nfsv4gracetime || die "times"
	echo "-3 +4 +4.1" >$SRV/versions || die "versions"
	echo "tcp 2049" >$SRV/portlist || die "portlist"
	echo 2 >$SRV/threads || die "threads"
	mkdir -p $MNT/n
	expect ok eistool mount -o ro,vers=4.1,proto=tcp,addr=127.0.0.1,clientaddr=127.0.0.1 nfs4 127.0.0.1:/ $MNT/n
}
served_no_more()
{
	if grep -q " $MNT/n " /proc/mounts; then umount $MNT/n; fi
	echo 0 >$SRV/threads
	for c in nfsd.fh nfsd.export auth.unix.ip; do echo 2147483647 >/proc/net/rpc/$c/flush; done
	umount $SRV
}
exported()
{
	trap served_no_more EXIT
	serve $MNT/a
	eistool verify $MNT/n --ref $R --methods seq,mmap,rand,direct,splice,edge || return
	same_manifest $MNT/n $DATA/man/api-a --count-links --no-xattr || return
	# the server finds its files again by handles alone
	echo 3 >/proc/sys/vm/drop_caches
	cat $MNT/n/data >$T/copy && cmp $T/copy $R/data || return
	pages=$((($(stat -c %s $R/data) + 4095) / 4096))
	r=$(eistool resident $MNT/b/data)
	case $r in
	*" mincore=$pages "*) ;;
	*) die "the server read all of $MNT/a/data, but $r" ;;
	esac
	echo x 2>/dev/null >$MNT/n/data && die "a write through NFS works"
	return 0
}
t "a mount exported by NFS serves the shared pages" exported
# Nothing of the server holds the mount.
t "and can be unmounted" unmnt $MNT/a $MNT/b
