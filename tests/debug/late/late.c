// SPDX-License-Identifier: GPL-2.0-only
/*
 * late: for tests. Holds up whoever has just sent off a direct read, until that read has long ended.
 *
 * A filesystem may look at a kiocb until its ->read_iter() returns, whatever the completion did meanwhile. That is a
 * window of a few instructions; here it is as wide as a disk is slow, so that KASAN sees who frees the kiocb too early.
 */
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/module.h>

static unsigned long count;
module_param(count, ulong, 0444);
MODULE_PARM_DESC(count, "how many were held up");

static int late_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (regs_return_value(regs) == -EIOCBQUEUED) {
		/* Nothing happens on this processor meanwhile. */
		mdelay(20);
		count++;
	}
	return 0;
}

static struct kretprobe late_probe = {
	.handler	= late_return,
	.kp.symbol_name	= "iomap_dio_rw",
	.maxactive	= 64,
};

static int __init late_init(void)
{
	return register_kretprobe(&late_probe);
}

static void __exit late_exit(void)
{
	unregister_kretprobe(&late_probe);
}

module_init(late_init);
module_exit(late_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Holds up submitters of direct I/O (tests)");
