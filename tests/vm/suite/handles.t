# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# handles: NFS file handles, cached and after drop_caches.

one()
{
	mnt $IMG/$1.erofs $MNT/h || missing "$_out"
	# the tool prints the path of directories: the mount point must be its real path
	eistool handles $MNT/h || return 1
	unmnt $MNT/h
}
for i in trixie.plain sid.metabox trixie.b512compact bookworm.blob; do
	case $i in
	*blob)	blob()
		{
			mnt $IMG/$i.erofs $MNT/h device=$IMG/$i.dev || missing "$_out"
			eistool handles $MNT/h || return 1
			unmnt $MNT/h
		}
		t "$i" blob ;;
	*)	t "$i" one $i ;;
	esac
done
shared()
{
	ours_only
	mnt $IMG/share-a.erofs $MNT/h domain_id=handles
	mnt $IMG/share-b.erofs $MNT/h2 domain_id=handles
	eistool handles $MNT/h || return 1
	eistool handles $MNT/h2 || return 1
	pages_equal $MNT/h/common/big $MNT/h2/common/big || return 1
	unmnt $MNT/h $MNT/h2
}
t "in a domain" shared
