function Invoke-VmScreenshot {
    <#
    .SYNOPSIS
    vm.screenshot: the screen of a running machine as raw RGB565, 16 bits a pixel, low byte first: rgb565_base64. The relay makes PNG of it.
    #>
    [CmdletBinding()]
    [OutputType([pscustomobject])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $vm = Get-AgentVm -Id $Job.Spec['vm']
    Assert-AgentState -Vm $vm -State running, paused -Message 'only a running one has a screen'
    $width = 1024
    $height = 768
    $system = Get-AgentCimVm -Vm $vm
    $screen = @(Get-CimAssociatedInstance -InputObject $system -ResultClassName 'Msvm_VideoHead' -ErrorAction SilentlyContinue) | Where-Object { [int]$_.CurrentHorizontalResolution -gt 0 } | Select-Object -First 1
    if ($null -ne $screen) { $width = [int]$screen.CurrentHorizontalResolution; $height = [int]$screen.CurrentVerticalResolution }
    # Twice the pixels in base64 must stay below what the relay takes of an agent.
    $most = 1280
    if ($null -ne $Job.Spec['max_width']) { $most = [Math]::Min([int]$Job.Spec['max_width'], $most) }
    if ($width -gt $most) { $height = [Math]::Max(1, [int][Math]::Floor($height * $most / $width)); $width = $most }
    if ($height -gt 1280) { $width = [Math]::Max(1, [int][Math]::Floor($width * 1280 / $height)); $height = 1280 }
    $settings = @(Get-CimAssociatedInstance -InputObject $system -ResultClassName 'Msvm_VirtualSystemSettingData' | Where-Object { [string]$_.VirtualSystemType -eq '' -or [string]$_.VirtualSystemType -ceq 'Microsoft:Hyper-V:System:Realized' })
    if ($settings.Count -eq 0) { throw (New-AgentFailure -Code CONSOLE_UNSUPPORTED -Message 'The virtual machine has no screen.' -Pointer '/vm') }
    $answer = Invoke-AgentCimMethod -Instance (Get-AgentCimService) -Method 'GetVirtualSystemThumbnailImage' -Arguments @{ TargetSystem = $settings[0]; WidthPixels = [uint16]$width; HeightPixels = [uint16]$height }
    [byte[]] $pixels = @($answer.Result.ImageData)
    if ($pixels.Length -ne $width * $height * 2) { throw (New-AgentFailure -Code CONSOLE_UNSUPPORTED -Message 'The virtual machine shows no picture.' -Pointer '/vm') }
    New-AgentResult -Message 'Read.' -Data ([ordered]@{ width = $width; height = $height; rgb565_base64 = [System.Convert]::ToBase64String($pixels) })
}
