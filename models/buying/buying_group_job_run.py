# How a creation job runs: in batches, so that a crash loses at most one and memory stays flat.
import bisect
import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.actor import CONTEXT_KEY, Actor

_logger = logging.getLogger(__name__)

BATCH_SIZE = 500
# a job of this many accounts is run at once when somebody presses the button
AT_ONCE = 200
# how often a batch that met somebody else's change is tried again
ATTEMPTS = 5
# what others did since the transaction began: changed a row, or made the same one
MEANWHILE = (psycopg2.errors.TransactionRollbackError, psycopg2.errors.UniqueViolation)
# how many problems a job remembers
MAX_PROBLEMS = 20


class BuyingGroupJob(models.Model):
    _inherit = "buying.group.job"

    def run(self):
        """Build the missing groups of these jobs and maintain those they may, now and to the end.

        :return: the groups made
        :rtype: buying.group
        :raise UserError: a domain or rule is invalid, or the job is running already
        """
        self.check_access("write")
        created = []
        for job in self.sudo():
            job._lock()
            job._begin()
            todo = {}
            while job.state == "running":
                created += job._advance(todo).ids
        return self.env["buying.group"].browse(created)

    def _lock(self):
        """Hold these jobs until the end of the transaction.

        :raise UserError: another worker holds one of them
        """
        if len(self.try_lock_for_update()) < len(self):
            raise UserError(self.env._("This job is running already. Please wait until it is done."))

    def _as_responsible(self):
        """This job in the environment of its responsible user and companies."""
        self.ensure_one()
        user = self.sudo().user_id
        return self.with_user(user).with_context(
            allowed_company_ids=self._get_company_ids(),
            lang=user.lang,
            tz=user.tz,
            # neither a note nor a follower on each of ten thousand new groups
            mail_create_nolog=True,
            mail_create_nosubscribe=True,
            tracking_disable=True,
            # whose doing it is: of whoever pressed the button, or of nobody
            **{CONTEXT_KEY: Actor(self.env.uid)},
        )

    def _begin(self):
        """Start the run from the beginning. What would fail for every account fails here.

        :raise UserError: the audience or a rule is broken, or the responsible lacks the rights
        """
        worker = self._as_responsible()
        if not self.solution_id.active or (not self.user_id.active and self.user_id.id != SUPERUSER_ID):
            raise UserError(self.env._("The solution or the responsible user of this job is archived."))
        worker.check_access("write")
        worker.env["buying.group"].check_access("create")
        worker.solution_id.template_id._get_roles_by_person([0])
        total = worker.env["res.partner"].search_count(worker._get_account_domain())
        self.sudo().write(
            {
                "state": "running",
                "phase": "create",
                "cursor_id": 0,
                "done_count": 0,
                "total_count": 2 * total,
                "last_created_count": 0,
                "last_updated_count": 0,
                "last_error": False,
            }
        )

    def _advance(self, todo, failures=None):
        """Work on the next batch: first all groups are made, then all members are found. The order matters, because
        the people below a company that has its own group do not belong to the group of its parent.

        :param dict todo: carried from batch to batch, see :meth:`_get_batch`
        :param list failures: collects what went wrong with single records, in words; without it, any error is raised
        :return: the groups made
        :rtype: buying.group
        """
        self.ensure_one()
        worker = self._as_responsible()
        created = worker.env["buying.group"]
        batch = worker._get_batch(todo)
        if self.phase == "create":
            if batch:
                created = worker._try_in_parts(worker._make_groups, batch, failures)
            vals = {"last_created_count": self.last_created_count + len(created)}
        else:
            changed = worker._try_in_parts(lambda groups: [groups.update_members()], batch, failures) if batch else []
            vals = {"last_updated_count": self.last_updated_count + sum(changed)}
        if batch:
            vals |= {"cursor_id": batch[-1].id, "done_count": self.done_count + len(batch)}
        elif self.phase == "create":
            vals |= {"phase": "members", "cursor_id": 0}
        else:
            vals |= {"state": "idle", "phase": False, "done_count": self.total_count, "last_run": fields.Datetime.now()}
        if failures:
            vals["last_error"] = "\n".join([*(self.last_error or "").splitlines(), *failures][:MAX_PROBLEMS])
        self.sudo().write(vals)
        created = created.with_env(self.env)
        self.env.flush_all()
        self.env.invalidate_all()  # memory stays flat
        return created

    def _get_batch(self, todo):
        """The next accounts or groups to work on, in the order of their ids.

        :param dict todo: ids per phase, found once and kept: asking for each batch anew would read the whole audience
            as often as there are batches. It may be lost at any time; what was done is known by ``cursor_id``.
        """
        Model = self.env["res.partner" if self.phase == "create" else "buying.group"]
        if self.phase not in todo:
            domain = self._get_due_domain() & Domain("id", ">", self.cursor_id)
            todo[self.phase] = Model.search(domain, order="id").ids
        ids = todo[self.phase]
        start = bisect.bisect_right(ids, self.cursor_id)
        # who was deleted meanwhile is left out, but the batch must not look empty while there is more to do
        while start < len(ids):
            if batch := Model.browse(ids[start : start + BATCH_SIZE]).exists():
                return batch
            start += BATCH_SIZE
        return Model

    def _get_due_domain(self):
        """Domain of the accounts or groups that this phase is about."""
        audience = self._get_account_domain()
        if self.phase == "create":
            return audience
        domain = Domain("solution_id", "=", self.solution_id.id) & Domain("partner_id", "any", audience)
        return domain if self.solution_id.update_groups else domain & Domain("members_date", "=", False)

    def _make_groups(self, accounts):
        """Make the groups that these accounts lack. Their members are found later.

        :rtype: buying.group
        """
        Group = self.env["buying.group"].with_context(active_test=False)
        existing = Group.sudo().search([("solution_id", "=", self.solution_id.id), ("partner_id", "in", accounts.ids)])
        taken = set(existing.partner_id.ids)
        return Group.create(
            [
                {"solution_id": self.solution_id.id, "partner_id": account.id, "members_date": False}
                for account in accounts
                if account.id not in taken
            ]
        )

    def _try_in_parts(self, work, records, failures):
        """Do the work for all records, or for as many as it works for: halves are tried until each culprit stands
        alone, so that one broken record stops nobody else's.

        :param work: takes records and returns something that can be added up
        :param list failures: see :meth:`_advance`
        """
        if failures is None:
            return work(records)
        try:
            with self.env.cr.savepoint():
                return work(records)
        except MEANWHILE:
            raise  # somebody else's change: the whole transaction is to be tried again
        except Exception as error:
            self.env.invalidate_all()
            if len(records) == 1:
                _logger.info("Job %s: %s failed", self.id, records, exc_info=True)
                failures.append(f"{records.sudo().display_name}: {error}")
                return work(records.browse())
            half = len(records) // 2
            done = self._try_in_parts(work, records[:half], failures)
            return done + self._try_in_parts(work, records[half:], failures)

    # In the background -----------------------------------------------------------------------------------------------

    def action_run(self):
        """Button: run now; a small job at once, showing the groups that were made, a large one in the background."""
        self.check_access("write")
        if any(job.state != "idle" for job in self):
            raise UserError(self.env._("This job is under way already. Please wait until it is done."))
        if len(self) > 1 or self.account_count > AT_ONCE:
            return self.action_start()
        groups = self.run()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.buying_group_action")
        if groups:
            return action | {"domain": [("id", "in", groups.ids)]}
        return self._get_notification(self.env._("Every account of the audience has its group already."))

    def action_start(self):
        """Run these jobs in the background, when the scheduled action has time. Their owners are told at the end."""
        self.check_access("write")
        idle = self.filtered(lambda job: job.state == "idle")
        idle.sudo().write({"state": "queued", "by_hand": True, "done_count": 0, "total_count": 0})
        self.env.ref("crm_buying_journey.ir_cron_buying_group_job").sudo()._trigger()
        return self._get_notification(
            self.env._("The groups are being built. You can go on working; the owner is told when they are ready.")
        )

    def _get_notification(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _cron_queue(self):
        """Nightly: every job runs again."""
        vals = {"state": "queued", "by_hand": False, "done_count": 0, "total_count": 0}
        domain = Domain("state", "=", "idle") & Domain("solution_id.active", "=", True)
        domain &= Domain("user_id.active", "=", True) | Domain("user_id", "=", SUPERUSER_ID)
        self.search(domain).write(vals)
        self.env.ref("crm_buying_journey.ir_cron_buying_group_job")._trigger()

    @api.model
    def _cron_run(self):
        """Work on queued jobs, and on those that a crash left behind, batch by batch, each in its own transaction."""
        jobs = self.search([("state", "in", ("queued", "running"))], order="id")
        progress = self.env["ir.cron"]
        progress._commit_progress(remaining=len(jobs))
        for job in jobs:
            todo = {}
            while True:
                going_on = job._run_batch(todo)
                if not progress._commit_progress(processed=0 if going_on else 1):
                    return
                if not going_on:
                    break

    def _run_batch(self, todo):
        """One batch of one job for the scheduled action. What fails ends up on the job, never in the way of others.

        :param dict todo: carried from batch to batch, see :meth:`_get_batch`
        :return: whether there is more to do
        :rtype: bool
        """
        attempt = 1
        while True:
            try:
                with self.env.cr.savepoint():
                    # somebody may have deleted it, or runs it by hand
                    job = self.exists()
                    if not job or not job.try_lock_for_update():
                        return False
                    if job.state == "queued":
                        job._begin()
                    elif job.state == "running":
                        job._advance(todo, failures=[])
                    if job.state == "idle":
                        job._tell_owner()
                    return job.state == "running"
            except MEANWHILE as error:
                # the transaction saw the world before somebody else's change, so only a new one can succeed
                if attempt == ATTEMPTS:
                    _logger.info("Job %s meets changes all the time: %s", self.id, error)
                    return False
                attempt += 1
                self.env.cr.rollback()
                self.env.invalidate_all()
            except Exception as error:
                _logger.info("Job %s failed", self.id, exc_info=True)
                self.env.invalidate_all()
                self.write({"state": "idle", "phase": False, "last_error": str(error)})
                self._tell_owner()
                return False

    def _tell_owner(self):
        """Tell the owner how the run ended, unless a night brought nothing new."""
        if not self.by_hand and not self.last_error and not self.last_created_count:
            return
        owner = self.user_id
        speaker = self.with_context(lang=owner.lang)
        body = (
            speaker.env._("The job ended with problems: %(problems)s", problems=self.last_error)
            if self.last_error
            else speaker.env._(
                "The buying groups are ready: %(created)s groups made, %(changed)s memberships changed.",
                created=self.last_created_count,
                changed=self.last_updated_count,
            )
        )
        speaker.message_post(body=body, partner_ids=owner.partner_id.ids, subtype_xmlid="mail.mt_note")
        owner._bus_send(
            "simple_notification",
            {
                "title": speaker.name,
                "message": body,
                "type": "danger" if self.last_error else "success",
                "sticky": True,
            },
        )
