"""The audit log in words: actions, fields, what changed."""

import json
from collections.abc import Iterator
from typing import Any, Final

ACTION_NAMES: Final[dict[str, str]] = {
    "account.sign_in": "登录",
    "account.sign_out_everywhere": "退出全部登录",
    "account.accept_notice": "阅读告知",
    "unit.create": "新建机构",
    "unit.edit": "修改机构",
    "unit.move": "移动机构",
    "unit.deactivate": "停用机构",
    "unit.reactivate": "启用机构",
    "person.create": "新建人员",
    "person.edit": "修改人员",
    "person.move": "调动人员",
    "person.deactivate": "停用人员",
    "person.reactivate": "启用人员",
    "person.reset_password": "重置密码",
    "person.initial_passwords": "生成初始密码",
    "people.import": "导入名册",
    "role.grant": "授予角色",
    "role.revoke": "撤销角色",
    "audit.export": "导出审计日志",
    "assignment.create": "布置任务",
    "assignment.cancel": "取消任务",
    "exam.schedule": "安排考试",
    "exam.cancel": "取消考试",
    "exam.release": "公布成绩",
    "exam.extend": "延长考试时间",
    "exam.approve": "批准延长",
    "exam.refuse": "不批准延长",
    "exam.pause": "暂停考试",
    "exam.resume": "恢复考试",
    "exam.message": "考场消息",
    "exam.room": "考场设置",
    "exam.void_leave": "离页不计入",
    "exam.wrong_code": "考场口令不对",
    "exam.wrong_address": "不在考场网络",
    "accommodation.request": "登记照顾加时",
    "accommodation.approve": "批准照顾加时",
    "accommodation.end": "停用照顾加时",
    "attempt.close": "收卷",
    "attempt.mark": "阅卷",
    "attempt.ask_void": "提出作废答卷",
    "attempt.void": "作废答卷",
    "attempt.refuse_void": "不批准作废答卷",
    "attempt.paper": "录入纸笔答卷",
    "attempt.take_over": "换设备作答",
    "attempt.accept_late": "接受迟到的答案",
    "attempt.refuse_late": "不接受迟到的答案",
    "answer_file.upload": "上传答案文件",
    "answer_file.import": "导入答案文件",
    "papers.commit": "公布试卷承诺",
    "papers.mode": "设置出卷方式",
    "papers.open": "开卷",
    "papers.seal": "抽卷并封存",
    "papers.timed": "设置定时封存",
    "papers.timed-failed": "定时封存没有成",
    "class.enter": "登记集中培训",
    "class.withdraw": "撤销集中培训登记",
    "papers.reveal": "公开试卷种子",
    "exam.move": "迁移考试",
    "reflection.review": "点评心得",
    "fact.confirm": "核对事实",
    "print.make": "出纸笔试卷",
    "print.approve": "同意印制试卷",
    "amendment.propose": "提出改正纸笔录入",
    "amendment.accept": "同意改正纸笔录入",
    "amendment.refuse": "不同意改正纸笔录入",
    "print.open": "打开纸笔试卷",
    "print.key": "打开纸笔试卷答案",
    "print.import": "导入纸笔答卷",
    "exam.export_analysis": "导出统计分析",
    "question.difficulty": "答复难度建议",
    "correction.propose": "提出更正答案",
    "correction.approve": "批准更正答案",
    "correction.reject": "不批准更正答案",
    "correction.apply": "更正评分完毕",
    "dispute.answer": "答复异议",
    "exam.marking_rule": "设置评阅方式",
    "exam.resit_rules": "设置重考规则",
    "exam.makeup": "安排补考",
    "standing.request": "申请缓考免考",
    "standing.decide": "审批缓考免考",
    "standing.withdraw": "撤销缓考免考",
    "recheck.order": "安排复核",
    "recheck.decide": "处理复核申请",
    "blueprint.save": "保存组卷规则",
    "content.sync": "同步内容",
    "content.export": "导出内容",
    "questions.import": "导入试题",
    "report.export": "导出报表",
}
FIELD_NAMES: Final[dict[str, str]] = {
    "code": "代码",
    "name": "名称",
    "type": "类型",
    "parent": "上级",
    "staff_no": "工号",
    "unit": "单位",
    "rank": "职级",
    "post": "职务",
    "is_leader": "负责人",
    "party": "政治面貌",
    "promoted_on": "提任日期",
    "role": "角色",
    "count": "人数",
    "again": "重新生成",
    "file": "文件",
    "sha256": "文件指纹",
    "import": "导入批次",
    "source": "来源",
    "counts": "数量",
    "filters": "筛选",
    "rows": "行数",
    "exam": "考试",
    "run": "印制批次",
    "letter": "卷别",
    "papers": "各卷指纹",
    "held_at": "开考时间",
    "digest": "答卷指纹",
    "fresh": "新录入",
    "known": "以前录入过",
    "suggested": "建议难度",
    "current": "现有难度",
    "accepted": "采纳",
    "facility": "得分率",
}


def action_name(action: str) -> str:
    """The action in Chinese; its code when it has no name."""
    return ACTION_NAMES.get(action, action)


def detail_lines(detail: dict[str, Any]) -> list[str]:
    """`职级：一级科员 → 二级科员` for what changed, `人数：38` for what else is known."""
    return list(_lines(detail))


def _lines(detail: dict[str, Any]) -> Iterator[str]:
    before, after = detail.get("before"), detail.get("after")
    if isinstance(before, dict) and isinstance(after, dict):
        for key in after:
            if before.get(key) != after[key]:
                yield f"{_field(key)}：{_value(before.get(key))} → {_value(after[key])}"
    elif isinstance(after, dict):
        yield from (f"{_field(key)}：{_value(value)}" for key, value in after.items())
    for change in _changes(detail.get("changes")):
        yield f"{change[0]}：{_value(change[1])} → {_value(change[2])}"
    for key, value in detail.items():
        if key not in {"before", "after", "changes"}:
            yield f"{_field(key)}：{_value(value)}"


def _changes(value: Any) -> list[list[Any]]:
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, list) and len(row) == 3]


def _field(key: str) -> str:
    return FIELD_NAMES.get(key, key)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "（空）"
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
