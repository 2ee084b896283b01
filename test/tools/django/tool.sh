manage() { /usr/bin/python3 -B manage.py "$@"; }
version() { manage --version; }
created() { manage migrate usage 0002; }
replaced() { manage migrate usage 0004; }
broken() { manage migrate usage 0005; }
undo_replaced() { manage migrate usage 0002; }
undo_created() { manage migrate usage zero; }

inspected() { manage inspectdb | grep '^class '; }
noise() {
    step 'needs no migration for the view' manage makemigrations --check --dry-run
    step 'reads it through a model' manage shell -c 'from usage.models import DailyUsage; assert DailyUsage.objects.filter(n__gt=0).exists()'
    step 'inspects the database' inspected
    unlike 'and takes nothing of mvmanager for a table' "$OUTPUT" 'Mvmanager|DailyUsage'
}
