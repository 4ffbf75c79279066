# Groups remember since when they are complete.


def migrate(cr, version):
    """Of groups that are complete already, the log says when they became so; those that it says nothing of were made
    complete."""
    cr.execute(
        """
        UPDATE buying_group
           SET complete_date = COALESCE(
               (SELECT MAX(activity.date)
                  FROM engagement_activity activity
                  JOIN engagement_activity_type type
                    ON type.id = activity.type_id AND type.code = 'completeness_changed'
                 WHERE activity.group_id = buying_group.id AND activity.new_value = '100'),
               create_date)
         WHERE complete_date IS NULL AND completeness >= 100 AND required_role_count > 0
        """
    )
