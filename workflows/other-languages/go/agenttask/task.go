// Package agenttask is a task as its own workflow sees it: the host's contract (contract/README.md) for workflows in Go.
package agenttask

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// Part has exactly one of text and data; what else a part may be is in the contract.
type Part struct {
	Text string `json:"text,omitempty"`
	Data any    `json:"data,omitempty"`
}

type Message struct {
	MessageID string `json:"messageId"`
	Role      string `json:"role"`
	Parts     []Part `json:"parts"`
}

// Text is all text parts, joined by line breaks.
func (m Message) Text() string {
	var texts []string
	for _, part := range m.Parts {
		if part.Text != "" {
			texts = append(texts, part.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// Input is the one argument of a task's workflow.
type Input struct {
	TaskID    string  `json:"taskId"`
	ContextID string  `json:"contextId"`
	AgentCode string  `json:"agentCode"`
	Owner     string  `json:"owner"`
	Message   Message `json:"message"`
}

type artifact struct {
	ArtifactID string `json:"artifactId"`
	Name       string `json:"name"`
	Parts      []Part `json:"parts"`
}

type status struct {
	State   string   `json:"state"`
	Message *Message `json:"message,omitempty"`
}

type snapshot struct {
	status
	Sequence int `json:"sequence"`
}

type report struct {
	TaskID    string     `json:"taskId"`
	RunID     string     `json:"runId"`
	Sequence  int        `json:"sequence"`
	Status    *status    `json:"status,omitempty"`
	Artifacts []artifact `json:"artifacts,omitempty"`
	Messages  []Message  `json:"messages,omitempty"`
	Applied   []string   `json:"applied,omitempty"`
}

// Task reports what the task says, and takes the answers to what it asks.
type Task struct {
	Input
	now      status
	sequence int
	waits    bool
	answer   *Message
	applied  []string
}

// Run runs the workflow's body to the end of the task; what it returns is said last.
func Run(ctx workflow.Context, input Input, body func(ctx workflow.Context, task *Task) (string, error)) error {
	task := &Task{Input: input, now: status{State: "submitted"}}
	if err := task.listen(ctx); err != nil {
		return err
	}
	said, err := task.work(ctx, body)
	// A canceled workflow still says how it ended.
	last, _ := workflow.NewDisconnectedContext(ctx)
	if temporal.IsCanceledError(err) {
		return errors.Join(task.end(last, "canceled", "Canceled at the caller's request"), err)
	}
	if err != nil {
		reason := reasonOf(err)
		if lost := task.end(last, "failed", reason); lost != nil {
			return lost
		}
		return temporal.NewNonRetryableApplicationError(reason, "TaskFailed", err)
	}
	return task.end(last, "completed", said)
}

func (t *Task) work(ctx workflow.Context, body func(workflow.Context, *Task) (string, error)) (string, error) {
	if err := t.say(ctx, "working", ""); err != nil {
		return "", err
	}
	return body(ctx, t)
}

// listen answers the host's query and takes its update.
func (t *Task) listen(ctx workflow.Context) error {
	err := workflow.SetQueryHandler(ctx, "a2a.snapshot", func() (snapshot, error) {
		return snapshot{status: t.now, Sequence: t.sequence}, nil
	})
	if err != nil {
		return err
	}
	check := func() error {
		if !t.waits || t.answer != nil {
			return errors.New("The task does not wait for a message")
		}
		return nil
	}
	take := func(_ workflow.Context, message Message) error {
		// Checked again: of two messages that came at once only the first is an answer.
		if err := check(); err != nil {
			return err
		}
		t.answer = &message
		t.applied = append(t.applied, message.MessageID)
		return nil
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, "a2a.message", take, workflow.UpdateHandlerOptions{
		Validator: func(workflow.Context, Message) error { return check() },
	})
}

// Status shows progress.
func (t *Task) Status(ctx workflow.Context, text string) error {
	return t.say(ctx, "working", text)
}

// Artifact adds an artifact, or replaces the one of the same name.
func (t *Task) Artifact(ctx workflow.Context, name string, data any) error {
	made := artifact{ArtifactID: name, Name: name, Parts: []Part{{Data: data}}}
	return t.report(ctx, report{Artifacts: []artifact{made}})
}

// Ask waits for the user's next message; gives its text.
func (t *Task) Ask(ctx workflow.Context, question string) (string, error) {
	t.answer, t.waits = nil, true
	defer func() { t.waits = false }()
	if err := t.saying(ctx, "input-required", question); err != nil {
		return "", err
	}
	if err := workflow.Await(ctx, func() bool { return t.answer != nil }); err != nil {
		return "", err
	}
	return t.answer.Text(), t.say(ctx, "working", "")
}

func (t *Task) end(ctx workflow.Context, state, text string) error {
	return t.saying(ctx, state, text)
}

// saying changes the status and puts what is said into the history.
func (t *Task) saying(ctx workflow.Context, state, text string) error {
	message := agentMessage(ctx, text)
	t.now = status{State: state, Message: &message}
	now := t.now
	return t.report(ctx, report{Status: &now, Messages: []Message{message}})
}

func (t *Task) say(ctx workflow.Context, state, text string) error {
	t.now = status{State: state}
	if text != "" {
		message := agentMessage(ctx, text)
		t.now.Message = &message
	}
	now := t.now
	return t.report(ctx, report{Status: &now})
}

func (t *Task) report(ctx workflow.Context, r report) error {
	t.sequence++
	r.TaskID, r.RunID, r.Sequence = t.TaskID, workflow.GetInfo(ctx).WorkflowExecution.RunID, t.sequence
	r.Applied, t.applied = t.applied, nil
	options := workflow.ActivityOptions{
		TaskQueue:           "agent-host",
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{MaximumInterval: 2 * time.Second},
	}
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), "projectChange", r).Get(ctx, nil)
}

func agentMessage(ctx workflow.Context, text string) Message {
	var id string
	_ = workflow.SideEffect(ctx, func(workflow.Context) any { return uuid.NewString() }).Get(&id)
	return Message{MessageID: id, Role: "agent", Parts: []Part{{Text: text}}}
}

// reasonOf is the cause at the bottom, not Temporal's wrapping around it.
func reasonOf(err error) string {
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		return failed.Message()
	}
	return err.Error()
}
