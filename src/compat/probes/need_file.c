// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files and mappings of them, used as src/vfs uses them; unchanged on all kernels.
 *
 * @need file operations (generic_file_read_iter, generic_file_readonly_mmap)
 * @export generic_file_read_iter generic_file_readonly_mmap generic_setlease generic_file_llseek
 * @export thp_get_unmapped_area filemap_fault filemap_map_pages
 */
#include <linux/fs.h>
#include <linux/mm.h>

static int file_open(struct inode *inode, struct file *file)
{
	file->f_mapping = inode->i_mapping;
	return 0;
}

static long file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return cmd == FS_IOC_GETFSLABEL ? 0 : -ENOTTY;
}

extern const struct file_operations file_fops;
const struct file_operations file_fops = {
	.open		= file_open,
	.llseek		= generic_file_llseek,
	.read_iter	= generic_file_read_iter,
	.mmap		= generic_file_readonly_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.unlocked_ioctl	= file_ioctl,
	.compat_ioctl	= file_ioctl,
};

extern const struct vm_operations_struct file_vm_ops;
const struct vm_operations_struct file_vm_ops = {
	.fault		= filemap_fault,
	.map_pages	= filemap_map_pages,
};
