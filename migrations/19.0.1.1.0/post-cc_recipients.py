# CC recipients became a setting that is off by default: it stays on where somebody uses it.


def migrate(cr, version):
    """Switch CC recipients on where a mailing has them, so that nothing stops by the update."""
    cr.execute(
        """
        INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date, write_date)
             SELECT 'crm_buying_journey.cc_recipients', 'True', 1, 1, timezone('UTC', now()), timezone('UTC', now())
              WHERE EXISTS (SELECT FROM mailing_cc_slot)
        ON CONFLICT (key) DO NOTHING
        """
    )
