// Package browser opens pages in headless Chromium for tests, and keeps what they do that a page by itself must not:
// requests, errors, messages on the console, dialogs.
package browser

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long Chromium may take to start, and then for one step of a page: busy machines are slow.
const patience = 60 * time.Second

// Browser is a running Chromium.
type Browser struct {
	ctx    context.Context
	cancel []context.CancelFunc
}

// Start starts Chromium, which has to be on PATH. What it leaves behind goes to folder. The caller closes it.
func Start(folder string) (*Browser, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, // Chromium refuses to run for root with its sandbox
		chromedp.UserDataDir(filepath.Join(folder, "profile")), chromedp.Env("TMPDIR="+folder), chromedp.WSURLReadTimeout(patience))
	b := &Browser{}
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	b.cancel = append(b.cancel, cancel)
	b.ctx, cancel = chromedp.NewContext(allocator)
	b.cancel = append(b.cancel, cancel)
	if err := chromedp.Do(b.ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("start Chromium (is Debian's package chromium installed? `make setup` does that): %w", err)
	}
	return b, nil
}

// Close ends Chromium and all its pages.
func (b *Browser) Close() {
	for _, cancel := range slices.Backward(b.cancel) {
		cancel()
	}
}

// Screen is what a page is looked at on.
type Screen struct {
	Width, Height int64
	Scale         float64 // pixels of the device per CSS pixel; 0: 1
	Mobile, Dark  bool
}

// The screens that pages are made for.
var (
	Laptop = Screen{Width: 1440, Height: 900}
	Phone  = Screen{Width: 390, Height: 844, Scale: 2, Mobile: true}
)

// Page is an open page.
type Page struct {
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex
	requests []string
	problems []string
}

// Open opens a page of its own, waits until it is loaded, and keeps what it did. The caller closes it.
func (b *Browser) Open(url string, screen Screen) (*Page, error) {
	p := &Page{}
	p.ctx, p.cancel = chromedp.NewContext(b.ctx)
	if err := p.open(url, screen); err != nil {
		p.Close()
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	return p, nil
}

func (p *Page) open(url string, screen Screen) error {
	if err := chromedp.Do(p.ctx); err != nil {
		return err
	}
	if err := chromedp.Listen(p.ctx, p.listen); err != nil {
		return err
	}
	scheme := "light"
	if screen.Dark {
		scheme = "dark"
	}
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	return errors.Join(
		call(p, network.Enable, network.EnableParams{}),
		call(p, cdplog.Enable, cdp.Empty{}),
		call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: screen.Width, Height: screen.Height, DeviceScaleFactor: max(screen.Scale, 1), Mobile: screen.Mobile}),
		call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}),
		p.Do(chromedp.Navigate(url)))
}

func call[P, R any](p *Page, command cdp.Command[P, R], params P) error {
	_, err := chromedp.Call(p.ctx, command, params)
	return err
}

// Close closes the page.
func (p *Page) Close() { p.cancel() }

func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		p.problem("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.problem("console.%s called", e.Type)
	case *cdplog.EventEntryAdded:
		p.problem("%s: %s", e.Entry.Level, e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		p.problem("dialog: %s", e.Message)
		go call(p, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) // closes it: the page waits for that
	}
}

func (p *Page) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// Requests are the addresses that were asked for, the page's own first. Those within the page ("data:") don't count.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.requests), func(url string) bool { return strings.HasPrefix(url, "data:") })
}

// Problems are errors, messages on the console and dialogs, up to now.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Do does something with the page, such as a click.
func (p *Page) Do(actions ...chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, actions...)
}

// Evaluate returns the value of a JavaScript expression.
func Evaluate[T any](p *Page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression))
}

// Screenshot returns a PNG of what is to be seen of the page, or of all of it.
func (p *Page) Screenshot(whole bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if whole {
		return chromedp.Run(ctx, chromedp.FullScreenshot(100))
	}
	return chromedp.Run(ctx, chromedp.CaptureScreenshot())
}
