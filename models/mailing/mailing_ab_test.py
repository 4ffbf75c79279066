# A/B tests: one object for the whole experiment.
from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

MIN_ARMS, MAX_ARMS = 2, 10
MAX_HOLDOUT = 50
# what may change once the test runs: nothing that its result depends on
ALWAYS_EDITABLE = {"name", "user_id", "active"}


class MailingAbTest(models.Model):
    """An experiment on a one-off mailing or on the mail of a journey's step: several arms, one of which each recipient
    gets, and a rule, fixed beforehand, that decides between them.

    States:

    * ``draft``: being set up; nobody was drawn.
    * ``running``: set by sending the mailing or publishing the journey (:meth:`_start`). Recipients are drawn; the
      settings and the mails are frozen.
    * ``decided``: set by :meth:`decide` or by hand. ``outcome`` says how it ended, and the rest is on its way.
    * ``stopped``: somebody stopped the test; who was not mailed by then is not mailed.

    Outcomes: ``winner`` (the rule found one), ``inconclusive`` (it found none by the deadline: the fallback follows),
    ``manual`` (somebody chose).
    """

    _name = "mailing.ab.test"
    _description = "A/B Test"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    mailing_id = fields.Many2one(
        "mailing.mailing", required=True, index=True, ondelete="cascade", domain=[("mailing_type", "=", "mail")]
    )
    mailing_model_name = fields.Char("Recipients Model", related="mailing_id.mailing_model_real")
    journey_node_id = fields.Many2one(related="mailing_id.journey_node_id", store=True, index="btree_not_null")
    journey_id = fields.Many2one(related="mailing_id.journey_node_id.journey_id", store=True, string="Journey")
    company_id = fields.Many2one("res.company", compute="_compute_company_id", store=True, readonly=False)
    user_id = fields.Many2one("res.users", "Responsible", default=lambda self: self.env.user, tracking=True)
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running"), ("decided", "Decided"), ("stopped", "Stopped")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
    )
    test_type = fields.Selection(
        [("subject", "Subject, Preview and Sender"), ("mail", "Whole Mail")],
        "What Differs",
        default="subject",
        required=True,
        help="Either the arms share one body and differ in what the inbox shows, or each arm is a mail of its own.",
    )
    arm_ids = fields.One2many("mailing.ab.arm", "test_id", "Arms", copy=False)
    # who takes part
    test_percent = fields.Integer(
        "Test Share",
        default=100,
        help="How many percent of the recipients take part in the test at once. The others, except for the hold-out, "
        "wait for the decision and get what was decided.",
    )
    holdout_percent = fields.Integer(
        "Hold-Out", help="How many percent of the recipients get no mail at all, to see what the mail itself achieves."
    )
    hash_key = fields.Char(default=lambda self: uuid4().hex, required=True, readonly=True, copy=False)
    start_date = fields.Datetime("Started On", readonly=True, copy=False)
    # how it is decided
    metric = fields.Selection(
        "_selection_metric", default="clicked", required=True, help="What the arms are compared by."
    )
    method = fields.Selection(
        [
            ("fixed", "At the Deadline"),
            ("sequential", "As Soon as It Is Clear"),
            ("manual", "By Hand"),
        ],
        "When to Decide",
        default="sequential",
        required=True,
        help="At the deadline, the figures are looked at once, which needs the fewest recipients. By the other rule "
        "one may look all the time; it ends early when the difference is large, but needs more recipients otherwise.",
    )
    confidence = fields.Float(
        "Confidence (%)",
        default=95.0,
        digits=(5, 2),
        help="At 95%, a test of arms that do not differ names a winner in at most 5 of 100 cases.",
    )
    min_sample = fields.Integer(
        "Minimum per Arm", default=100, help="No arm is judged before so many of its recipients got their mail."
    )
    deadline = fields.Datetime(
        default=lambda self: fields.Datetime.add(fields.Datetime.now().replace(minute=0, second=0), days=3)
    )
    fallback = fields.Selection(
        [
            ("default", "Send the Default Arm"),
            ("split", "Go On Splitting"),
            ("stop", "Send Nothing More"),
        ],
        "If Inconclusive",
        default="default",
        required=True,
    )
    default_arm_id = fields.Many2one(
        "mailing.ab.arm",
        compute="_compute_default_arm_id",
        store=True,
        readonly=False,
        copy=False,
        domain="[('test_id', '=', id)]",
        ondelete="set null",
    )
    # what came of it
    outcome = fields.Selection(
        [("winner", "Winner"), ("inconclusive", "Inconclusive"), ("manual", "Chosen by Hand")],
        readonly=True,
        copy=False,
        tracking=True,
    )
    winner_arm_id = fields.Many2one("mailing.ab.arm", "Winner", readonly=True, copy=False, tracking=True)
    rest_arm_id = fields.Many2one("mailing.ab.arm", "The Rest Gets", readonly=True, copy=False)
    decision_date = fields.Datetime("Decided On", readonly=True, copy=False)
    decision_user_id = fields.Many2one("res.users", "Decided By", readonly=True, copy=False)
    decision_rule = fields.Selection(
        [("fixed", "At the deadline"), ("sequential", "Sequential"), ("manual", "By hand")], readonly=True, copy=False
    )
    decision_reason = fields.Text(readonly=True, copy=False)
    decision_data = fields.Json(readonly=True, copy=False)
    checked_date = fields.Datetime("Last Looked At", readonly=True, copy=False)
    pending_reason = fields.Text("Why It Is Not Decided", readonly=True, copy=False)
    is_cron_off = fields.Boolean(compute="_compute_is_cron_off")

    _shares = models.Constraint(
        "CHECK(test_percent BETWEEN 1 AND 100 AND holdout_percent BETWEEN 0 AND 50"
        " AND test_percent + holdout_percent <= 150)",
        "The test share must be 1 to 100%, the hold-out 0 to 50%.",
    )
    _sane = models.Constraint(
        "CHECK(confidence >= 80 AND confidence < 100 AND min_sample >= 2)",
        "The confidence must be at least 80% and below 100%, and the minimum at least 2 recipients per arm.",
    )
    _mailing_unique = models.UniqueIndex("(mailing_id)", "This mailing has an A/B test already.")

    @api.depends("mailing_id.journey_node_id.journey_id.company_id")
    def _compute_company_id(self):
        for test in self:
            # the company is what rules are about, so it is found without them
            node = test.mailing_id.journey_node_id.sudo()
            test.company_id = node.journey_id.company_id if node else test.company_id or self.env.company

    @api.depends("arm_ids")
    def _compute_default_arm_id(self):
        for test in self:
            if not test.default_arm_id or test.default_arm_id not in test.arm_ids:
                test.default_arm_id = test.arm_ids[:1]

    def _compute_is_cron_off(self):
        cron = self.env.ref("crm_buying_journey.ir_cron_mailing_ab_test", raise_if_not_found=False)
        self.is_cron_off = not (cron and cron.sudo().active)

    @api.model
    def _selection_metric(self):
        return [(code, metric["label"]) for code, metric in self._get_metrics().items()]

    @api.constrains("arm_ids")
    def _check_arms(self):
        for test in self:
            if len(test.arm_ids) > MAX_ARMS:
                raise UserError(self.env._("An A/B test has at most %(most)s arms.", most=MAX_ARMS))

    @api.constrains("default_arm_id")
    def _check_default_arm(self):
        if self.filtered(lambda test: test.default_arm_id and test.default_arm_id.test_id != test):
            raise UserError(self.env._("The default arm must be an arm of this test."))

    @api.model_create_multi
    def create(self, vals_list):
        defaults = {name.removeprefix("default_") for name in self.env.context if name.startswith("default_")}
        self._check_protected(dict.fromkeys(defaults))
        for vals in vals_list:
            self._check_protected(vals)
            mailing = self.env["mailing.mailing"].browse(vals.get("mailing_id"))
            if not vals.get("name") and mailing:
                vals["name"] = mailing.subject or self.env._("A/B Test")
        tests = super().create(vals_list)
        for test in tests:
            test._adopt_mailing()
        return tests

    def _adopt_mailing(self):
        """Make the mailing the first arm, and see that there are two."""
        self.ensure_one()
        mailing = self.mailing_id
        mailing.check_access("write")
        if mailing.state != "draft" or mailing.ab_testing_enabled or mailing.mailing_type != "mail":
            raise UserError(
                self.env._("An A/B test is set up on a draft of an email that does not use the simple A/B test.")
            )
        if mailing.is_ab_variant:
            raise UserError(self.env._("This mail is an arm of an A/B test already."))
        # only a test may link a mailing, see mailing.mailing.create
        mailing.sudo().ab_test_id = self
        if not self.arm_ids:
            self.env["mailing.ab.arm"].create({"test_id": self.id, "sequence": 0})
        self.arm_ids._ensure_mailings()
        while len(self.arm_ids) < MIN_ARMS:
            self.arm_ids = [Command.create({})]

    def write(self, vals):
        self._check_protected(vals)
        if not self.env.su and vals.keys() - ALWAYS_EDITABLE and any(test.state != "draft" for test in self):
            raise UserError(self.env._("The settings of an A/B test are frozen once it has started."))
        if "mailing_id" in vals and any(test.mailing_id.id != vals["mailing_id"] for test in self):
            raise UserError(self.env._("An A/B test stays with its mailing."))
        return super().write(vals)

    def _check_protected(self, vals):
        """:raise UserError: somebody writes what only the test itself may"""
        readonly = {name for name in vals if name in self._fields and self._fields[name].readonly}
        if not self.env.su and readonly:
            raise UserError(self.env._("What an A/B test found out cannot be written by hand."))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if self.filtered(lambda test: test.state != "draft"):
            raise UserError(self.env._("An A/B test that has started is kept. You may archive it."))

    def unlink(self):
        variants = self.arm_ids.mailing_id - self.mailing_id
        result = super().unlink()
        if variants:
            # only a test may link a mailing, and let go of it
            variants.sudo().write({"journey_node_id": False, "ab_test_id": False})
            variants.unlink()
        return result

    def copy(self, default=None):  # pylint: disable=method-required-super
        """:raise UserError: always; a test belongs to one mailing"""
        raise UserError(self.env._("Copy the mailing and set up a new A/B test on it."))

    def _get_errors(self):
        """What keeps this test from starting.

        :rtype: list[str]
        """
        self.ensure_one()
        errors = []
        if not MIN_ARMS <= len(self.arm_ids) <= MAX_ARMS:
            errors.append(
                self.env._("An A/B test needs %(least)s to %(most)s arms.", least=MIN_ARMS, most=MAX_ARMS),
            )
        for arm in self.arm_ids:
            if not arm.subject:
                errors.append(self.env._("Arm %(arm)s has no subject.", arm=arm.letter))
            if self.test_type == "mail" and arm.mailing_id.is_body_empty and not arm.mailing_id.body_html:
                errors.append(self.env._("Arm %(arm)s has no content yet.", arm=arm.letter))
        seen = {}
        for arm in self.arm_ids:
            first = seen.setdefault(arm._get_content(), arm)
            if first != arm:
                errors.append(
                    self.env._(
                        "Arms %(first)s and %(second)s are the same: there is nothing to compare.",
                        first=first.letter,
                        second=arm.letter,
                    )
                )
        if self.test_percent + self.holdout_percent > 100 and not self.journey_node_id and self.test_percent < 100:
            errors.append(self.env._("Test share and hold-out are more than all recipients."))
        if self.method != "manual" and (not self.deadline or self.deadline <= fields.Datetime.now()):
            errors.append(self.env._("The deadline must be in the future."))
        if self.fallback == "default" and not self.default_arm_id:
            errors.append(self.env._("Choose the default arm."))
        return errors

    def _check_ready(self):
        """:raise UserError: the test cannot start; the message lists everything wrong"""
        for test in self:
            if errors := test._get_errors():
                raise UserError(
                    self.env._(
                        "The A/B test “%(name)s” cannot start:\n%(errors)s", name=test.name, errors="\n".join(errors)
                    )
                )

    def _start(self):
        """Freeze the test and, of a one-off mailing, draw its recipients. Called when the mails are about to leave."""
        for test in self.sudo():
            if test.state != "draft":
                continue
            test.arm_ids._share_settings()
            test.write({"state": "running", "start_date": fields.Datetime.now()})
            if not test.journey_node_id:
                test._draw()
            if test.deadline and test.method != "manual":
                # wakes a scheduled action, which users may not read
                self.env.ref("crm_buying_journey.ir_cron_mailing_ab_test").sudo()._trigger(at=test.deadline)

    # Buttons ------------------------------------------------------------------------------------------------------

    def action_open_mailing(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mail"),
            "res_model": "mailing.mailing",
            "res_id": self.mailing_id.id,
            "view_mode": "form",
        }

    def action_add_arm(self):
        """Button: one more arm, a copy of the last one."""
        self.ensure_one()
        if self.state != "draft":
            raise UserError(self.env._("The settings of an A/B test are frozen once it has started."))
        self.arm_ids[-1:].action_copy()

    def action_stop(self):
        """Button: nobody else is mailed. Mails that wait in the outbox are cancelled."""
        self.check_access("write")
        for test in self.sudo():
            if test.state not in ("running", "decided"):
                continue
            test._cancel_outbox()
            test.state = "stopped"

    def action_view_allocations(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_buying_journey.mailing_ab_allocation_action")
        return action | {"domain": [("test_id", "=", self.id)], "context": {"search_default_group_state": 1}}
