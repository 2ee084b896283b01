from django.db import models


class DailyUsage(models.Model):
    """The view as Django reads it: unmanaged, so that no migration is made for it."""

    user_id = models.IntegerField(primary_key=True)
    day = models.DateField()
    n = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "daily_usage"
