// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mount options: parsing, checking, showing, and remount.
 *
 * Rules: every option of the in-tree driver, with its meaning (docs and
 * README list the few deliberate differences). domain_id= is a credential: it
 * is never shown and is wiped with the context. Options that decide where
 * bytes come from or who shares (source, device, fsoffset, domain, sidecar) cannot
 * change on remount: repeating them unchanged is fine, changing them is an error.
 */
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "vfs/vfs.h"

enum {
	EIS_OPT_USER_XATTR,
	EIS_OPT_ACL,
	EIS_OPT_CACHE,
	EIS_OPT_DAX,
	EIS_OPT_DAX_ENUM,
	EIS_OPT_DEVICE,
	EIS_OPT_DIRECTIO,
	EIS_OPT_FSOFFSET,
	EIS_OPT_INODE_SHARE,
	EIS_OPT_DOMAIN_ID,
	EIS_OPT_WARM,
	EIS_OPT_SIDECAR,
};

static const struct constant_table eis_cache_table[] = {
	{ "disabled",	EIS_CACHE_DISABLED },
	{ "readahead",	EIS_CACHE_READAHEAD },
	{ "readaround",	EIS_CACHE_READAROUND },
	{ }
};

static const struct constant_table eis_dax_table[] = {
	{ "never",	0 },
	{ "always",	1 },
	{ }
};

const struct fs_parameter_spec eis_parameters[] = {
	fsparam_flag_no("user_xattr",	EIS_OPT_USER_XATTR),
	fsparam_flag_no("acl",		EIS_OPT_ACL),
	fsparam_enum("cache_strategy",	EIS_OPT_CACHE, eis_cache_table),
	fsparam_flag("dax",		EIS_OPT_DAX),
	fsparam_enum("dax",		EIS_OPT_DAX_ENUM, eis_dax_table),
	fsparam_string("device",	EIS_OPT_DEVICE),
	fsparam_flag_no("directio",	EIS_OPT_DIRECTIO),
	fsparam_u64("fsoffset",		EIS_OPT_FSOFFSET),
	fsparam_flag_no("inode_share",	EIS_OPT_INODE_SHARE),
	fsparam_string("domain_id",	EIS_OPT_DOMAIN_ID),
	fsparam_u32("warm",		EIS_OPT_WARM),
	fsparam_string("sidecar",	EIS_OPT_SIDECAR),
	{ }
};

static bool eis_is_remount(const struct fs_context *fc)
{
	return fc->purpose == FS_CONTEXT_FOR_RECONFIGURE;
}

/* ---- Parsing ---- */

/* source= as a path or, by fsconfig(2), as a file descriptor. */
static int eis_parse_source(struct fs_context *fc, struct fs_parameter *param)
{
	struct eis_context *ctx = fc->fs_private;

	if (eis_is_remount(fc))
		return 0;
	if (fc->source || ctx->source)
		return eis_mount_error(fc, -EINVAL, "source: given twice; give one image");
	switch (param->type) {
	case fs_value_is_string:
		fc->source = param->string;
		param->string = NULL;
		return 0;
	case fs_value_is_file:
		ctx->source = param->file;
		param->file = NULL;
		return 0;
	default:
		return eis_mount_error(fc, -EINVAL,
				       "source: must be a path or a file descriptor");
	}
}

/**
 * eis_device_arg_free - take one device= option off its list and free it
 * @arg: on the list of its context
 */
void eis_device_arg_free(struct eis_device_arg *arg)
{
	list_del(&arg->link);
	if (arg->file)
		fput(arg->file);
	kfree(arg->path);
	kfree(arg->tag);
	kfree(arg);
}

/*
 * device=PATH fills slots of the device table in order; device=TAG=PATH, with
 * PATH absolute, fills the slot of that tag.
 */
static int eis_parse_device(struct fs_context *fc, struct fs_parameter *param)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_device_arg *arg;
	char *sep;

	/* fstab's are repeated. They are not looked up: a path may lead to a disk that hangs. */
	if (eis_is_remount(fc)) {
		if (!ctx->nr_devices++)
			eis_mount_info(fc, "device: stays what it is on remount; to change it, unmount and mount again");
		return 0;
	}
	if (ctx->nr_devices == EIS_DEVICES_MAX)
		return eis_mount_error(fc, -EINVAL, "device: more than %u given; give each one once",
				       EIS_DEVICES_MAX);
	arg = kzalloc(sizeof(*arg), GFP_KERNEL);
	if (!arg)
		return -ENOMEM;
	if (param->type == fs_value_is_file) {
		arg->file = param->file;
		param->file = NULL;
	} else {
		arg->path = param->string;
		param->string = NULL;
		sep = arg->path[0] == '/' ? NULL : strstr(arg->path, "=/");
		if (sep) {
			*sep = '\0';
			arg->tag = arg->path;
			arg->path = kstrdup(sep + 1, GFP_KERNEL);
			if (!arg->path) {
				kfree(arg->tag);
				kfree(arg);
				return -ENOMEM;
			}
		}
	}
	list_add_tail(&arg->link, &ctx->devices);
	ctx->nr_devices++;
	return 0;
}

static int eis_parse_domain(struct fs_context *fc, struct fs_parameter *param)
{
	struct eis_context *ctx = fc->fs_private;

	if (!param->size)
		return eis_mount_error(fc, -EINVAL,
				       "domain_id: empty; name a domain or leave the option out");
	kfree_sensitive(ctx->domain);
	ctx->domain = param->string;
	param->string = NULL;
	return 0;
}

static int eis_parse_warm(struct fs_context *fc, unsigned int secs)
{
	struct eis_context *ctx = fc->fs_private;

	if (secs > EIS_WARM_MAX_SECS)
		return eis_mount_error(fc, -EINVAL, "warm=%u: more than %u seconds; give less",
				       secs, EIS_WARM_MAX_SECS);
	ctx->opts.warm = secs;
	return 0;
}

/* sidecar= as a path or, by fsconfig(2), as a file descriptor. */
static int eis_parse_sidecar(struct fs_context *fc, struct fs_parameter *param)
{
	struct eis_context *ctx = fc->fs_private;
	char *name;

	if (ctx->sidecar)
		return eis_mount_error(fc, -EINVAL, "sidecar: given twice; give one");
	if (param->type == fs_value_is_file) {
		name = eis_file_name(param->file);
		if (IS_ERR(name))
			return PTR_ERR(name);
		ctx->sidecar = name;
		ctx->sidecar_file = param->file;
		param->file = NULL;
		return 0;
	}
	if (!param->size)
		return eis_mount_error(fc, -EINVAL,
				       "sidecar: empty; name a file or leave the option out");
	ctx->sidecar = param->string;
	param->string = NULL;
	return 0;
}

static int eis_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_options *opts = &ctx->opts;
	struct fs_parse_result result;
	int opt;

	if (!strcmp(param->key, "source"))
		return eis_parse_source(fc, param);
	if (!strcmp(param->key, "device") && param->type == fs_value_is_file)
		return eis_parse_device(fc, param);
	if (!strcmp(param->key, "sidecar") && param->type == fs_value_is_file)
		return eis_parse_sidecar(fc, param);

	opt = fs_parse(fc, eis_parameters, param, &result);
	switch (opt) {
	case EIS_OPT_USER_XATTR:
		opts->user_xattr = !result.negated;
		break;
	case EIS_OPT_ACL:
		opts->acl = !result.negated;
		break;
	case EIS_OPT_CACHE:
		opts->cache = result.uint_32;
		break;
	case EIS_OPT_DAX:
		ctx->dax = true;
		break;
	case EIS_OPT_DAX_ENUM:
		ctx->dax = result.uint_32;
		break;
	case EIS_OPT_DEVICE:
		return eis_parse_device(fc, param);
	case EIS_OPT_DIRECTIO:
		opts->directio = !result.negated;
		break;
	case EIS_OPT_FSOFFSET:
		opts->fsoffset = result.uint_64;
		break;
	case EIS_OPT_INODE_SHARE:
		ctx->share_on = !result.negated;
		ctx->share_off = result.negated;
		break;
	case EIS_OPT_DOMAIN_ID:
		return eis_parse_domain(fc, param);
	case EIS_OPT_WARM:
		return eis_parse_warm(fc, result.uint_32);
	case EIS_OPT_SIDECAR:
		return eis_parse_sidecar(fc, param);
	default:
		/* The VFS tries its own generic parameters, then says "unknown". */
		return opt;
	}
	return 0;
}

static void eis_dax_info(struct fs_context *fc)
{
	const struct eis_context *ctx = fc->fs_private;

	if (ctx->dax)
		eis_mount_info(fc, "dax=always: not supported, files are read through the page cache");
}

/**
 * eis_options_check - refuse combinations that have no meaning, before any I/O
 * @fc: mount or remount in the making
 *
 * Return: 0 or -EINVAL, logged.
 */
int eis_options_check(struct fs_context *fc)
{
	struct eis_context *ctx = fc->fs_private;

	if (ctx->share_on && !ctx->domain)
		return eis_mount_error(fc, -EINVAL,
				       "inode_share needs a trust domain: add domain_id=NAME");
	if (ctx->sidecar && !ctx->domain)
		return eis_mount_error(fc, -EINVAL,
				       "sidecar needs a trust domain: add domain_id=NAME");
	if (ctx->opts.fsoffset & (SECTOR_SIZE - 1))
		return eis_mount_error(fc, -EINVAL,
				       "fsoffset=%llu: must be a multiple of the image's block size",
				       ctx->opts.fsoffset);
	eis_dax_info(fc);
	ctx->opts.share = ctx->domain && !ctx->share_off;
	if (ctx->opts.warm && !ctx->opts.share)
		return eis_mount_error(fc, -EINVAL,
				       "warm=%u: only files that are shared stay warm; add domain_id=NAME",
				       ctx->opts.warm);
	return 0;
}

/* ---- Remount ---- */

static int eis_reconfigure(struct fs_context *fc)
{
	struct super_block *sb = fc->root->d_sb;
	struct eis_context *ctx = fc->fs_private;
	struct eis_sb *sbi = eis_sb(sb);

	/* With noinode_share a name says nothing, and is not kept. */
	if (ctx->domain && !(ctx->share_off && !sbi->opts.share) &&
	    !eis_domain_is(sbi->domain, ctx->domain))
		return eis_mount_error(fc, -EINVAL,
				       "domain_id: cannot change on remount; unmount and mount again");
	if ((ctx->share_on && !sbi->opts.share) || (ctx->share_off && sbi->opts.share))
		return eis_mount_error(fc, -EINVAL,
				       "inode_share: cannot change on remount; unmount and mount again");
	if (ctx->opts.fsoffset != sbi->opts.fsoffset)
		return eis_mount_error(fc, -EINVAL,
				       "fsoffset=%llu: cannot change on remount (is %llu)",
				       ctx->opts.fsoffset, sbi->opts.fsoffset);
	if (ctx->opts.directio != sbi->opts.directio)
		return eis_mount_error(fc, -EINVAL,
				       "directio: cannot change on remount; unmount and mount again");
	if (ctx->sidecar && !eis_sidecar_is(sbi->sidecar, ctx->sidecar))
		return eis_mount_error(fc, -EINVAL,
				       "sidecar=%s: cannot change on remount; unmount and mount again",
				       ctx->sidecar);
	if (ctx->opts.warm && !sbi->domain)
		return eis_mount_error(fc, -EINVAL,
				       "warm=%u: the mount does not share; unmount and mount with domain_id=NAME",
				       ctx->opts.warm);
	eis_dax_info(fc);
	if (sbi->domain)
		eis_domain_set_warm(sbi->domain, &sbi->in_domain, ctx->opts.warm);
	sbi->opts.warm = ctx->opts.warm;
	sbi->opts.user_xattr = ctx->opts.user_xattr;
	sbi->opts.acl = ctx->opts.acl;
	sbi->opts.cache = ctx->opts.cache;
	WRITE_ONCE(sbi->image.cache_strategy, ctx->opts.cache);
	fc->sb_flags_mask |= SB_POSIXACL;
	if (sbi->opts.acl)
		fc->sb_flags |= SB_POSIXACL;
	else
		fc->sb_flags &= ~SB_POSIXACL;
	/* There is nothing to write to, whatever is asked for. */
	fc->sb_flags |= SB_RDONLY;
	return 0;
}

/* ---- Context ---- */

static void eis_free_fs_context(struct fs_context *fc)
{
	struct eis_context *ctx = fc->fs_private;
	struct eis_device_arg *arg, *next;

	/* Ours until the superblock takes it. */
	eis_sb_free(fc->s_fs_info);
	fc->s_fs_info = NULL;
	list_for_each_entry_safe(arg, next, &ctx->devices, link)
		eis_device_arg_free(arg);
	if (ctx->source)
		fput(ctx->source);
	if (ctx->sidecar_file)
		fput(ctx->sidecar_file);
	kfree(ctx->sidecar);
	kfree_sensitive(ctx->domain);
	kfree(ctx);
}

static const struct fs_context_operations eis_context_ops = {
	.parse_param	= eis_parse_param,
	.get_tree	= eis_get_tree,
	.reconfigure	= eis_reconfigure,
	.free		= eis_free_fs_context,
};

/**
 * eis_init_fs_context - begin a mount or remount
 * @fc: mount or remount in the making
 *
 * Return: 0, -EPERM or -ENOMEM.
 */
int eis_init_fs_context(struct fs_context *fc)
{
	struct eis_context *ctx;

	/*
	 * The VFS asks for this after the options, and before them only for rights in some user
	 * namespace: what options take of memory and print to the log is not for everybody.
	 */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	INIT_LIST_HEAD(&ctx->devices);
	if (eis_is_remount(fc)) {
		ctx->opts = eis_sb(fc->root->d_sb)->opts;
	} else {
		ctx->opts.user_xattr = true;
		ctx->opts.acl = true;
		ctx->opts.directio = true;
		ctx->opts.cache = EIS_CACHE_READAROUND;
	}
	fc->sb_flags |= SB_RDONLY | SB_NOATIME;
	fc->fs_private = ctx;
	fc->ops = &eis_context_ops;
	return 0;
}

/**
 * eis_show_options - /proc/mounts
 * @seq: where to print
 * @root: root dentry of the mount
 */
int eis_show_options(struct seq_file *seq, struct dentry *root)
{
	const struct eis_sb *sbi = eis_sb(root->d_sb);
	const struct eis_options *opts = &sbi->opts;
	const struct constant_table *cache;

	seq_puts(seq, opts->user_xattr ? ",user_xattr" : ",nouser_xattr");
	seq_puts(seq, opts->acl ? ",acl" : ",noacl");
	for (cache = eis_cache_table; cache->name; cache++)
		if (cache->value == opts->cache)
			seq_printf(seq, ",cache_strategy=%s", cache->name);
	if (!opts->directio)
		seq_puts(seq, ",nodirectio");
	if (opts->fsoffset)
		seq_printf(seq, ",fsoffset=%llu", opts->fsoffset);
	if (opts->share)
		seq_puts(seq, ",inode_share");
	if (opts->warm)
		seq_printf(seq, ",warm=%u", opts->warm);
	if (sbi->sidecar)
		seq_show_option(seq, "sidecar", eis_sidecar_name(sbi->sidecar));
	return 0;
}
