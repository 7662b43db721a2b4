# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# load: 64 mounts with 8 readers each, mounts that come and go, dropped caches, little memory; and then
# nothing is left: no page, no slab, no reference. LOAD_SECONDS stretches it (default 6).

if ! ours; then
	echo "ok - load # SKIP about erofs-ishare, the suite runs on $FSTYPE"
	return 0
fi
file_pages() { sed -n 's/^nr_file_pages //p' /proc/vmstat; }
settled()		# pages in the cache once everything that can go is gone
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	sleep 1
	echo 3 >/proc/sys/vm/drop_caches
	file_pages
}
unload_module
before=$(settled)
many_readers()
{
	mkdir -p $MNT/base
	loop $IMG/api-a.erofs
	disk=$dev
	loop $IMG/api-b.erofs
	eistool load --ref $DATA/ref/api-a --mounts 64 --readers 8 --seconds ${LOAD_SECONDS:-6} \
		--alone $IMG/api-a.erofs --alone $IMG/api-b.erofs \
		--source $IMG/api-a.erofs --source $disk --source $IMG/api-b.erofs --source $dev \
		$FSTYPE $MNT/base domain_id=load data small prog dir/f0 dir/f1 dir/f2 dir/f3 >$T/log
	rc=$?
	cat $T/log
	loops_free
	rmdir $MNT/base/m* || die "a mount is left"
	return $rc
}
t "64 mounts, 8 readers each" many_readers
t "the module unloads after that" unload_module
nothing_left()
{
	after=$(settled)
	note "pages of files: $before before, $after after"
	# the tools themselves may have been read meanwhile
	[ $((after - before)) -le 400 ] || die "$((after - before)) pages of files are left (was $before, is $after)"
	! grep -a 'D (disk sleep)' /proc/[0-9]*/status || die "a task is stuck"
}
t "no page and no stuck task is left" nothing_left
