// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages of mount and remount: to the caller's fs_context log and to the
 * kernel log, naming the image. Never the domain's name: it is a credential.
 */
#include "compat/compat.h"
#include "vfs/vfs.h"

/**
 * eis_source_name - what the user calls the image
 * @fc: names its source
 */
const char *eis_source_name(const struct fs_context *fc)
{
	/* What is said to be the source of a remount is not. */
	if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE)
		return fc->root->d_sb->s_id;
	return fc->source ? fc->source : "(no source)";
}

/**
 * eis_mount_error - say why a mount or remount fails
 * @fc: what fails
 * @err: negative errno
 * @fmt: what, the value, and what to do; without a newline
 *
 * Return: @err, for the caller to return.
 */
int eis_mount_error(struct fs_context *fc, int err, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	/* Without a log of its own, the context's messages are the kernel's. */
	if (fc->log.log)
		errorf(fc, "%s: %pV", eis_source_name(fc), &vaf);
	va_end(args);
	/* mount(8) without -t tries every type, silently. */
	if (fc->sb_flags & SB_SILENT)
		return err;
	va_start(args, fmt);
	vaf.va = &args;
	pr_err("erofs-ishare: %s: %pV (error %d)\n", eis_source_name(fc), &vaf, err);
	va_end(args);
	return err;
}

/**
 * eis_mount_info - tell about something the user may not expect
 * @fc: mount or remount in the making
 * @fmt: what to say; without a newline
 */
void eis_mount_info(struct fs_context *fc, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	if (fc->log.log)
		infof(fc, "%s: %pV", eis_source_name(fc), &vaf);
	va_end(args);
	va_start(args, fmt);
	vaf.va = &args;
	pr_info("erofs-ishare: %s: %pV\n", eis_source_name(fc), &vaf);
	va_end(args);
}
