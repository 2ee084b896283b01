sqitch() { env HOME="$work" /usr/bin/sqitch "$@"; }
version() { sqitch --version; }
created() { sqitch deploy --verify --to wait_for_daily_usage db:pg:; }
replaced() { sqitch deploy --verify --to wait_for_tokens db:pg:; }
broken() { sqitch deploy --to broken db:pg:; }
undo_replaced() { sqitch revert -y --to wait_for_daily_usage db:pg:; }
undo_created() { sqitch revert -y db:pg:; }
noise() { step 'verifies what is deployed' sqitch verify db:pg:; }
