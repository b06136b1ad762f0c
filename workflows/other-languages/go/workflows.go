package main

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"example.com/agents/agenttask"
)

var rates = map[string]float64{"USD": 1.25, "CHF": 0.95}

type Order struct {
	Amount        float64 `json:"amount"`
	To            string  `json:"to"`
	SettleSeconds float64 `json:"settleSeconds"`
}

type Money struct {
	Amount   float64 `json:"amount"`
	Currency string  `json:"currency"`
}

// Convert is a plain workflow, as it may have run for years.
func Convert(ctx workflow.Context, order Order) (Money, error) {
	rate, known := rates[order.To]
	if !known {
		return Money{}, temporal.NewNonRetryableApplicationError("No rate is known for "+order.To, "NoRate", nil)
	}
	if err := workflow.Sleep(ctx, time.Duration(order.SettleSeconds*float64(time.Second))); err != nil {
		return Money{}, err
	}
	return Money{Amount: order.Amount * rate, Currency: order.To}, nil
}

// LeaveRequest is a cooperating workflow: status, a question, an artifact.
func LeaveRequest(ctx workflow.Context, input agenttask.Input) error {
	return agenttask.Run(ctx, input, book)
}

func book(ctx workflow.Context, task *agenttask.Task) (string, error) {
	wanted := task.Message.Text()
	if err := task.Status(ctx, fmt.Sprintf("Looking for %s in the calendar", wanted)); err != nil {
		return "", err
	}
	standIn, err := task.Ask(ctx, "Who stands in for you?")
	if err != nil {
		return "", err
	}
	if standIn == "nobody" {
		return "", temporal.NewNonRetryableApplicationError("Nobody cannot stand in for anybody", "NoStandIn", nil)
	}
	if err := task.Artifact(ctx, "leave", map[string]string{"wanted": wanted, "standIn": standIn}); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s: booked. %s stands in.", wanted, standIn), nil
}
