// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the shared page cache is made of; unchanged on all supported kernels.
 *
 * @need internal mounts and counters (kern_mount, init_pseudo, percpu_ref, siphash)
 * @export kern_mount kern_unmount init_pseudo super_setup_bdi igrab iput
 * @export percpu_ref_init percpu_ref_exit percpu_ref_kill_and_confirm
 * @export rb_insert_color rb_erase mod_delayed_work_on queue_delayed_work_on cancel_delayed_work_sync
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/percpu-refcount.h>
#include <linux/pseudo_fs.h>
#include <linux/siphash.h>

static int share_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, 0x12345678);

	return ctx ? 0 : -ENOMEM;
}

static struct file_system_type share_type = {
	.name			= "probe",
	.init_fs_context	= share_init_fs_context,
	.kill_sb		= kill_anon_super,
};

static void share_release(struct percpu_ref *ref)
{
	percpu_ref_exit(ref);
}

u64 share_probe(struct percpu_ref *ref, const siphash_key_t *key, struct inode *inode);

u64 share_probe(struct percpu_ref *ref, const siphash_key_t *key, struct inode *inode)
{
	struct vfsmount *mnt = kern_mount(&share_type);

	if (super_setup_bdi(mnt->mnt_sb))
		kern_unmount(mnt);
	if (percpu_ref_init(ref, share_release, 0, GFP_KERNEL))
		return 0;
	if (percpu_ref_tryget_live(ref))
		percpu_ref_put(ref);
	percpu_ref_kill(ref);
	iput(igrab(inode));
	return siphash(key, sizeof(*key), key);
}
