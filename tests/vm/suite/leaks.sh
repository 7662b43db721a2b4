# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# leaks.sh: what is left of the driver, on a debug kernel (tests/debug): objects nobody points to, by kmemleak, and pages
# that it allocated, by page_owner. Sourced; each function prints what it found. Return: 0 nothing is left, 1 something
# is, or the checker turned itself off, 3 this kernel has no such checker.

leaked_objects()	# [NAME]...: of the stacks of what leaked; default: the driver's
{
	_k=/sys/kernel/debug/kmemleak
	[ -e $_k ] || { echo "this kernel has no kmemleak"; return 3; }
	echo 3 >/proc/sys/vm/drop_caches
	# Objects younger than five seconds are not reported, and what one scan sees may be on its way.
	for _ in 1 2; do
		sleep 6
		echo scan >$_k || { echo "kmemleak has turned itself off: nobody looked"; return 1; }
	done
	# An address without a name is a function of a module that is gone: ours, if it was loaded more than once.
	# The kernel itself loses the name of a slab's kobject when sysfs_slab_add() fails half-way.
	awk -v ours="${1:-eis_|erofs_}|\n +0xf" '
		function judge() { if (text ~ ours && text !~ /sysfs_slab_add/) printf "%s", text; text = "" }
		/^unreferenced/ { judge() }
		{ text = text $0 "\n" }
		END { judge() }' $_k >/tmp/leaks || { echo "$_k cannot be read"; return 1; }
	[ -s /tmp/leaks ] || return 0
	echo "$(grep -c ^unreferenced /tmp/leaks) objects nobody points to"
	cat /tmp/leaks
	return 1
}

# Once the module is gone: kallsyms has no names for its functions any more, and has those of all others, but for what
# modules do while they are loaded. Not leaks: what the kernel keeps for everybody and we happened to ask for first (slabs, page
# tables, stack traces, per-CPU memory), and the page cache of the file system that an image lies on.
leaked_pages()
{
	_s=/sys/kernel/debug/page_owner_stacks/show_stacks
	[ -e $_s ] || { echo "this kernel has no page_owner"; return 3; }
	echo 3 >/proc/sys/vm/drop_caches
	awk 'BEGIN { RS = "" }
		{ gsub(/0x[0-9a-f]+\n *do_one_initcall/, "do_one_initcall") }
		!/(^|\n) *0xffffffff/ { next }
		/allocate_slab|___slab_alloc|pcpu_|pte_alloc|pmd_alloc|kasan_populate|depot_|ext4_|shmem_/ { next }
		{ n++; print; print "" }
		END { if (n) print n " stacks of the module have pages left"; exit n > 0 }' $_s
}
